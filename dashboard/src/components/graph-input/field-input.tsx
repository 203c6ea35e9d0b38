/** One property of a graph's input as a field. */
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { fieldFault, type InputField, typedValue, valueOfTyped } from "./input-fields";

interface FieldInputProps {
  readonly field: InputField;
  readonly value: unknown;
  /** Undefined: the property is left out. */
  readonly onValue: (value: unknown) => void;
}

const NOTES: Partial<Record<InputField["kind"], string>> = {
  messages: "What the user says.",
  texts: "One a line.",
  numbers: "One a line.",
};

export function FieldInput({ field, value, onValue }: FieldInputProps) {
  const text = typedValue(field, value);
  const fault = fieldFault(field, value);
  const shared = {
    label: field.kind === "messages" ? "Message" : field.name,
    description:
      [field.description, NOTES[field.kind] ?? ""].filter((part) => part !== "").join(" ") || undefined,
    required: field.isRequired,
    error: fault === null ? undefined : fault.slice(fault.indexOf(": ") + 2),
  };
  const onText = ({ currentTarget }: { currentTarget: { value: string } }): void => {
    onValue(valueOfTyped(field, currentTarget.value));
  };
  if (text === null)
    return (
      <p className="muted">
        <span className="foreign">{shared.label}</span> has a value that only JSON can show.
      </p>
    );
  if (field.kind === "choice" || field.kind === "boolean") {
    const choices = field.kind === "choice" ? field.choices : ["true", "false"];
    const unknown = text === "" || choices.includes(text) ? [] : [text];
    return (
      <NativeSelect
        {...shared}
        value={text}
        onChange={onText}
        data={[
          { value: "", label: "Not given" },
          ...[...choices, ...unknown].map((one) => ({ value: one, label: one })),
        ]}
      />
    );
  }
  if (field.kind === "number")
    return <TextInput {...shared} inputMode="decimal" value={text} onChange={onText} />;
  const minRows = field.kind === "messages" ? 3 : field.kind === "text" ? 1 : 2;
  return <Textarea {...shared} autosize minRows={minRows} maxRows={12} value={text} onChange={onText} />;
}
