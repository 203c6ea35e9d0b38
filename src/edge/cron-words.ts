/** Crons, their times and their past in plain English, as the tools for crons tell them to a model. */
import { graphOfDefaultAssistant } from "../d1/default-assistants";
import { toIso } from "../platform/clock";
import { localTime } from "../schedule/preview";
import { describeSchedule } from "../schedule/words";
import type { Cron } from "../wire/crons/cron";
import type { Preview } from "../wire/crons/preview";
import type { Figures } from "../wire/crons/figures";
import type { Slot } from "../wire/crons/slot";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** For example `Fri 2026-11-27 09:00 Europe/Berlin (2026-11-27T08:00:00.000Z)`. @param local with its offset from UTC */
function timeInWords({ utc, local }: { utc: string; local: string }, zone: string | null): string {
  const date = local.slice(0, 10);
  const clock = local.slice(11, 19).replace(/:00$/, "");
  const day = DAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? "";
  return `${day} ${date} ${clock} ${zone ?? "UTC"}${zone === null ? "" : ` (${utc})`}`;
}

/** An instant (ms) as the clocks of the zone show it. */
const instantInWords = (at: number, zone: string | null): string =>
  timeInWords({ utc: toIso(at), local: localTime(zone, at) }, zone);

export const presentInWords = (at: number, zone: string | null): string =>
  `It is now ${instantInWords(at, zone)}.`;

/** What a schedule means, when it comes next, and what its owner may not expect. */
export function previewInWords({ description, timezone, next, warnings }: Preview): string {
  return [
    `${description} (${timezone ?? "UTC"}).`,
    ...(next.length === 0
      ? ["No time is to come."]
      : ["Next times:", ...next.map((time) => `- ${timeInWords(time, timezone)}`)]),
    ...warnings.map(({ message }) => `Warning: ${message}.`),
  ].join("\n");
}

/** One cron, with its next times. */
export function cronInWords(cron: Cron, preview: Preview): string {
  return [
    `Cron ${cron.cron_id} runs assistant ${assistantOf(cron)} ${whereInWords(cron)}.`,
    cron.enabled
      ? previewInWords(preview)
      : `${preview.description} (${preview.timezone ?? "UTC"}). ${pausedInWords(cron)}`,
    ...limitsInWords(cron),
    ...(cron.payload.input === undefined ? [] : [`Input: ${shortened(JSON.stringify(cron.payload.input))}`]),
  ].join("\n");
}

/** The id of the graph whose default assistant the cron runs, or the id of another assistant. */
const assistantOf = ({ assistant_id: id }: Cron): string => graphOfDefaultAssistant(id) ?? id;

/** Longer texts are cut off, since the data beside the words has the whole. */
const MAX_SHOWN = 500;
const shortened = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

/** One cron in one line. */
export function cronLine(cron: Cron): string {
  const { schedule, timezone, next_run_date: next } = cron;
  const state = !cron.enabled
    ? pausedInWords(cron)
    : next === null
      ? "Ended: no time is to come."
      : `Next: ${instantInWords(Date.parse(next), timezone)}.`;
  const labels = Object.keys(cron.metadata).length === 0 ? "" : ` Metadata: ${JSON.stringify(cron.metadata)}`;
  return `${cron.cron_id}: ${describeSchedule(schedule)} (${timezone ?? "UTC"}), assistant ${assistantOf(cron)}. ${state}${labels}`;
}

function whereInWords({ thread_id: threadId, on_run_completed: then }: Cron): string {
  if (threadId !== null) return `on thread ${threadId}`;
  return `on a new thread each time, which is ${then === "keep" ? "kept" : "deleted"} when the run has ended`;
}

const pausedInWords = ({ note }: Cron): string => (note === null ? "Paused." : `Paused: ${note}.`);

function limitsInWords(cron: Cron): string[] {
  const { max_runs: runs, end_time: end, max_tokens_per_day: day, max_tokens_per_month: month } = cron;
  return [
    ...(runs === null ? [] : [runs === 1 ? "It runs once in all." : `It runs at most ${runs} times in all.`]),
    ...(end === null ? [] : [`It ends before ${instantInWords(Date.parse(end), cron.timezone)}.`]),
    ...(day === null ? [] : [`Its runs use at most ${day} tokens in a day.`]),
    ...(month === null ? [] : [`Its runs use at most ${month} tokens in a month.`]),
  ];
}

/** The totals of a cron's past. */
export function figuresInWords({ slots, runs, tokens }: Figures): string {
  const failed = runs.error + runs.timeout;
  return (
    `Runs in all: ${slots.fired}; succeeded: ${runs.success}, failed: ${failed}, interrupted: ${runs.interrupted}, ` +
    `under way: ${runs.running}. Times skipped: ${slots.skipped}, missed: ${slots.missed}. ` +
    `Tokens in: ${tokens.input}, out: ${tokens.output}.`
  );
}

/** What became of one scheduled time. */
export function slotLine(slot: Slot, zone: string | null): string {
  const { run, reason, origin, run_id: runId, thread_id: threadId } = slot;
  const when = instantInWords(Date.parse(slot.scheduled_for), zone);
  const why = origin === "schedule" ? "" : ` (${origin === "manual" ? "run by hand" : origin})`;
  if (slot.status !== "fired") return `${when}${why}: ${slot.status}${reason === null ? "" : `, ${reason}`}`;
  const ids = `run ${runId ?? ""} on thread ${threadId ?? ""}`;
  if (run === null) return `${when}${why}: ${ids} has not ended`;
  const took = run.duration_ms === null ? "" : ` after ${run.duration_ms} ms`;
  const used =
    run.input_tokens + run.output_tokens === 0
      ? ""
      : `, ${run.input_tokens} tokens in, ${run.output_tokens} out`;
  return `${when}${why}: ${ids} ended with ${run.status}${took}${used}${run.error === null ? "" : `: ${run.error}`}`;
}
