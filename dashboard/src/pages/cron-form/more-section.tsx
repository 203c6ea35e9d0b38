/** The other fields of a cron: what is called after a run, metadata, and how its graph is run. */
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { Section } from "../../components/page";
import classes from "./cron-form.module.css";
import { type CronFormState, inputProps } from "./form-state";
import type { FormField } from "./form-values";

const DURABILITY = [
  { value: "", label: "As the server does (default)" },
  { value: "sync", label: "Before the next step begins" },
  { value: "async", label: "While the next step runs" },
  { value: "exit", label: "When the run ends" },
];

export function MoreSection({ form }: { form: CronFormState }) {
  return (
    <Section title="More">
      <div className={classes.fields}>
        <TextInput
          className={classes.wide ?? ""}
          label="Webhook"
          description="The URL that each run is posted to when it has ended."
          inputMode="url"
          placeholder="https://…"
          {...inputProps(form, "webhook")}
        />
        <JsonField
          form={form}
          field="metadata"
          label="Metadata"
          description="An object, as JSON. Each run has it too."
        />
        <JsonField
          form={form}
          field="config"
          label="Config"
          description="The configuration of the graph, as JSON."
        />
        <JsonField
          form={form}
          field="context"
          label="Context"
          description="The static context of the graph, as JSON."
        />
        <NativeSelect
          label="The state is written"
          description="How much of a run is lost when its host dies."
          data={DURABILITY}
          {...inputProps(form, "durability")}
        />
        <TextInput
          label="Stop before nodes"
          description="Names with commas between them, or * for all."
          {...inputProps(form, "interrupt_before")}
        />
        <TextInput
          label="Stop after nodes"
          description="Names with commas between them, or * for all."
          {...inputProps(form, "interrupt_after")}
        />
      </div>
    </Section>
  );
}

interface JsonFieldProps {
  readonly form: CronFormState;
  readonly field: FormField;
  readonly label: string;
  readonly description: string;
}

function JsonField({ form, field, label, description }: JsonFieldProps) {
  return (
    <Textarea
      label={label}
      description={description}
      classNames={{ input: classes.code ?? "" }}
      autosize
      minRows={2}
      maxRows={12}
      spellCheck={false}
      {...inputProps(form, field)}
    />
  );
}
