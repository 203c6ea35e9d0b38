/** What is typed into the form of a cron, and the fields of a request that it stands for. */
import type { Cron } from "../../api/types";
import { jsonFault, parseInput, writtenInput } from "../../components/graph-input/input-text";
import { NAME_KEY } from "../../format/cron-title";
import { parseTyped } from "../../format/time";
import { isDefault, POLICY_FIELDS, type PolicyField } from "../../format/cron-policy";

/** Fields of the run whose value is an object, typed as JSON. */
export const JSON_FIELDS = ["config", "context"] as const;
/** Lists of nodes: `*`, or names with commas between them. */
export const NODE_FIELDS = ["interrupt_before", "interrupt_after"] as const;
const TEXT_FIELDS = ["webhook", "multitask_strategy", "durability"] as const;

/** Fields of the form. All but the first group are fields of the API by the same name. Each is the text as it is typed; empty is not given. */
export const FORM_FIELDS = [
  "name",
  "thread_ttl_strategy",
  "if_not_exists",
  "enabled",
  "assistant_id",
  "thread_id",
  "on_run_completed",
  "schedule",
  "timezone",
  "end_time",
  "input",
  "metadata",
  ...TEXT_FIELDS,
  ...JSON_FIELDS,
  ...NODE_FIELDS,
  ...POLICY_FIELDS,
] as const;

export type FormField = (typeof FORM_FIELDS)[number];
export type FormValues = Readonly<Record<FormField, string>>;
/** What is wrong, by field. */
export type Faults = Readonly<Partial<Record<FormField, string>>>;
type Fields = Readonly<Record<string, unknown>>;

export const FORM_FIELD_NAMES: ReadonlySet<string> = new Set(FORM_FIELDS);

/** @param timezone a name, or `UTC` */
export const newValues = (timezone: string): FormValues => ({
  ...(Object.fromEntries(FORM_FIELDS.map((name) => [name, ""])) as Record<FormField, string>),
  thread_ttl_strategy: "delete",
  enabled: "true",
  on_run_completed: "delete",
  schedule: "0 9 * * *",
  timezone,
});

/** The cron as the form shows it. */
export function valuesOf(cron: Cron): FormValues {
  const { payload, thread_ttl: ttl } = cron;
  const { [NAME_KEY]: name, ...metadata } = cron.metadata;
  const policy = POLICY_FIELDS.map((field) => [field, isDefault(field, cron) ? "" : policyText(cron, field)]);
  const nodes = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : textOf(value));
  return {
    ...newValues(cron.timezone ?? "UTC"),
    ...(Object.fromEntries(policy) as Record<PolicyField, string>),
    ...(Object.fromEntries(TEXT_FIELDS.map((field) => [field, textOf(payload[field])])) as Record<
      (typeof TEXT_FIELDS)[number],
      string
    >),
    name: textOf(name),
    // A name that is no text is metadata like any other.
    metadata: writtenObject(typeof name === "string" || name === undefined ? metadata : cron.metadata),
    thread_ttl_strategy: ttl?.strategy ?? "delete",
    assistant_id: cron.assistant_id,
    thread_id: cron.thread_id ?? "",
    on_run_completed: cron.on_run_completed ?? "thread",
    schedule: cron.schedule,
    end_time: cron.end_time === null ? "" : cron.end_time.replace(/(:00)?\.000Z$/, ""),
    input: writtenInput(payload.input),
    config: writtenInput(payload.config),
    context: writtenInput(payload.context),
    interrupt_before: nodes(payload.interrupt_before),
    interrupt_after: nodes(payload.interrupt_after),
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const writtenObject = (value: object): string =>
  Object.keys(value).length === 0 ? "" : JSON.stringify(value, null, 2);

function policyText(cron: Cron, field: PolicyField): string {
  const value = cron[field];
  return value === null ? "" : typeof value === "object" ? String(value.ttl) : String(value);
}

/** The fields of a request, by the names of the API. A field that is not given is undefined. */
export function requestOf(values: FormValues): Fields {
  const given = (field: FormField): string | undefined => {
    const text = values[field].trim();
    return text === "" ? undefined : text;
  };
  const nodes = (text: string | undefined): unknown =>
    text === undefined || text === "*" ? text : text.split(",").map((name) => name.trim());
  const metadata = {
    ...parseInput(values.metadata),
    ...(given("name") && { [NAME_KEY]: values.name.trim() }),
  };
  const endTime = given("end_time");
  return {
    schedule: values.schedule.trim(),
    timezone: values.timezone === "UTC" ? undefined : given("timezone"),
    end_time: endTime === undefined ? undefined : (parseTyped(endTime, "UTC") ?? endTime),
    on_run_completed: values.on_run_completed === "thread" ? undefined : given("on_run_completed"),
    input: parseInput(values.input),
    ...Object.fromEntries(TEXT_FIELDS.map((field) => [field, given(field)])),
    ...Object.fromEntries(JSON_FIELDS.map((field) => [field, parseInput(values[field])])),
    ...Object.fromEntries(NODE_FIELDS.map((field) => [field, nodes(given(field))])),
    ...Object.fromEntries(POLICY_FIELDS.map((field) => [field, policyValue(field, values)])),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
  };
}

const TEXT_POLICIES: readonly PolicyField[] = ["catchup", "alert_webhook"];

function policyValue(field: PolicyField, values: FormValues): unknown {
  const text = values[field].trim();
  if (text === "") return undefined;
  if (TEXT_POLICIES.includes(field)) return text;
  return field === "thread_ttl" ? { strategy: values.thread_ttl_strategy, ttl: Number(text) } : Number(text);
}

/** What is wrong with the texts themselves. The server checks the rest. */
export function faultsOf(values: FormValues): Faults {
  const faults: Partial<Record<FormField, string>> = {};
  if (values.assistant_id === "") faults.assistant_id = "Choose what is to run";
  if (values.schedule.trim() === "") faults.schedule = "Expected a cron expression such as 0 9 * * *";
  if (values.on_run_completed === "thread" && values.thread_id.trim() === "")
    faults.thread_id = "Expected the id of a thread";
  for (const field of ["metadata", ...JSON_FIELDS] as const) {
    const text = values[field];
    if (text.trim() === "") continue;
    const fault = jsonFault(text);
    const value = parseInput(text);
    if (fault !== null) faults[field] = fault;
    else if (value === undefined || Array.isArray(value)) faults[field] = "Expected an object";
  }
  for (const field of POLICY_FIELDS) {
    const text = values[field].trim();
    if (text !== "" && !TEXT_POLICIES.includes(field) && !Number.isFinite(Number(text)))
      faults[field] = "Expected a number";
  }
  return faults;
}
