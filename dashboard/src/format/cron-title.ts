/** What a cron or a run is called. The API gives them no names, so one is taken from the metadata. */
import type { Cron, Run } from "../api/types";
import { shortId, shortName } from "./figures";

/** Where a name that is given in the dashboard is kept. */
export const NAME_KEY = "name";
/** Where LangGraph projects and EdgeCron keep a name, the first that is there. `declared_name` is that of langgraph.json. */
const NAME_KEYS = [NAME_KEY, "title", "declared_name"];

function nameIn(metadata: Readonly<Record<string, unknown>>): string | undefined {
  const name = NAME_KEYS.map((key) => metadata[key]).find(
    (value): value is string => typeof value === "string" && value.trim() !== "",
  );
  return name === undefined ? undefined : shortName(name);
}

/** @param assistant the name of its assistant, for a cron whose metadata has no name */
export const cronTitle = (
  { cron_id: cronId, metadata }: Pick<Cron, "cron_id" | "metadata">,
  assistant: string,
): string => nameIn(metadata) ?? `${assistant} ${shortId(cronId)}`;

/** A run has the metadata of its cron, and so its name. @param assistant the name of its assistant */
export const runTitle = (
  { run_id: runId, metadata }: Pick<Run, "run_id" | "metadata">,
  assistant: string,
): string => `${nameIn(metadata) ?? assistant} ${shortId(runId)}`;
