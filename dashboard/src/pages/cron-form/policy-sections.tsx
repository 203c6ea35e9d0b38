/** The fields of the policy of a cron, each with its meaning and its default. */
import { NativeSelect, TextInput } from "@mantine/core";
import { Section } from "../../components/page";
import { type PolicyField, policyField, policyText } from "../../format/cron-policy";
import classes from "./cron-form.module.css";
import { type CronFormState, inputProps } from "./form-state";

/** All fields of the policy, by what they are about. */
const GROUPS: readonly { title: string; fields: readonly PolicyField[] }[] = [
  {
    title: "When a run fails",
    fields: [
      "max_attempts",
      "retry_delay_seconds",
      "run_timeout_seconds",
      "pause_after_failures",
      "alert_webhook",
    ],
  },
  { title: "What it may use", fields: ["max_runs", "max_tokens_per_day", "max_tokens_per_month"] },
  { title: "When it is late", fields: ["catchup", "catchup_window_seconds", "jitter_seconds"] },
  { title: "What is kept", fields: ["keep_threads", "thread_ttl", "history_limit"] },
];

const CATCHUP = [
  { value: "", label: "The latest is run (default)" },
  { value: "skip", label: "None is run" },
  { value: "all", label: "All are run, one after the other" },
];

const TTL_STRATEGIES = [
  { value: "delete", label: "It is deleted" },
  { value: "keep_latest", label: "Its latest state is kept" },
];

export function PolicySections({ form }: { form: CronFormState }) {
  return GROUPS.map(({ title, fields }) => (
    <Section key={title} title={title}>
      <div className={classes.fields}>
        {fields.map((field) => (
          <PolicyInput key={field} form={form} field={field} />
        ))}
      </div>
    </Section>
  ));
}

function PolicyInput({ form, field }: { form: CronFormState; field: PolicyField }) {
  const { label, description, defaultValue, unit } = policyField(field);
  const shared = {
    label: unit === "s" ? `${label} (seconds)` : label,
    description,
    ...inputProps(form, field),
  };
  if (field === "catchup") return <NativeSelect {...shared} data={CATCHUP} />;
  const placeholder = `Default: ${policyText(field, defaultValue)}`;
  if (field === "alert_webhook") return <TextInput {...shared} inputMode="url" placeholder={placeholder} />;
  if (field !== "thread_ttl") return <TextInput {...shared} inputMode="numeric" placeholder={placeholder} />;
  return (
    <>
      <TextInput {...shared} label={`${label} (minutes)`} inputMode="decimal" placeholder={placeholder} />
      <NativeSelect
        label="After its time to live"
        description="What becomes of the thread."
        data={TTL_STRATEGIES}
        {...inputProps(form, "thread_ttl_strategy")}
      />
    </>
  );
}
