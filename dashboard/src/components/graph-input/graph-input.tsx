/**
 * The input of a graph: as fields, where the graph's JSON schema has properties that a field can stand for, or as JSON. The JSON text is
 * what counts. Fields change it, and leave alone what they do not stand for.
 */
import { SegmentedControl, Textarea } from "@mantine/core";
import { useState } from "react";
import { FieldInput } from "./field-input";
import classes from "./graph-input.module.css";
import { otherProperties, simpleFields } from "./input-fields";
import { jsonFault, parseInput, writtenInput } from "./input-text";

interface GraphInputProps {
  /** The JSON schema of the input; undefined while it is not known, or where the graph has none. */
  readonly schema: unknown;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly error?: string | null;
}

export function GraphInput({ schema, text, onText, error = null }: GraphInputProps) {
  const [wantsJson, setWantsJson] = useState(false);
  const fields = simpleFields(schema);
  const value = text.trim() === "" ? {} : parseInput(text);
  const hasFields = fields.length > 0 && value !== undefined && !Array.isArray(value);
  const showsFields = hasFields && !wantsJson;
  return (
    <div role="group" aria-label="Input" className={classes.input}>
      <div className={classes.head}>
        <span className={classes.title}>Input</span>
        {fields.length > 0 && (
          <SegmentedControl
            size="xs"
            aria-label="How the input is given"
            value={showsFields ? "fields" : "json"}
            onChange={(chosen) => {
              setWantsJson(chosen === "json");
            }}
            data={[
              { value: "fields", label: "Fields", disabled: !hasFields },
              { value: "json", label: "JSON" },
            ]}
          />
        )}
      </div>
      {showsFields ? (
        <Fields
          schema={schema}
          value={value as Readonly<Record<string, unknown>>}
          onText={onText}
          error={error}
        />
      ) : (
        <JsonInput text={text} onText={onText} error={error} />
      )}
    </div>
  );
}

interface FieldsProps {
  readonly schema: unknown;
  readonly value: Readonly<Record<string, unknown>>;
  readonly onText: (text: string) => void;
  readonly error: string | null;
}

function Fields({ schema, value, onText, error }: FieldsProps) {
  const fields = simpleFields(schema);
  const others = otherProperties(schema);
  const isAtField = fields.some(({ name }) => error?.startsWith(`${name}: `) === true);
  return (
    <div className="stack">
      {fields.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={value[field.name]}
          onValue={(changed) => {
            // JSON leaves out what is undefined.
            const after = { ...value, [field.name]: changed };
            onText(Object.values(after).every((one) => one === undefined) ? "" : writtenInput(after));
          }}
        />
      ))}
      {others.length > 0 && (
        <p className="muted">
          As JSON only: <span className="foreign">{others.join(", ")}</span>.
        </p>
      )}
      {error !== null && !isAtField && <p className={classes.error}>{error}</p>}
    </div>
  );
}

function JsonInput({
  text,
  onText,
  error,
}: {
  text: string;
  onText: (text: string) => void;
  error: string | null;
}) {
  const fault = text.trim() === "" ? null : jsonFault(text);
  return (
    <Textarea
      aria-label="Input as JSON"
      description="An object or a list. Empty: the graph gets no input."
      classNames={{ input: classes.json ?? "" }}
      autosize
      minRows={4}
      maxRows={20}
      spellCheck={false}
      value={text}
      error={error ?? fault}
      onChange={({ currentTarget }) => {
        onText(currentTarget.value);
      }}
    />
  );
}
