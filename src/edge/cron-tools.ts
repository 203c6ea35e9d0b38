/** Answers the tools for crons (`src/tools/definitions.ts`) by the routes of crons, and says in plain English what came of it. */
import { z } from "zod";
import { now, toIso } from "../platform/clock";
import { check } from "../platform/check";
import { asDomainError, SERVER_FAILED } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import { logError } from "../platform/log";
import { previewOf } from "../schedule/preview";
import { CRON_TOOLS, type CronToolName } from "../tools/definitions";
import type { ToolAnswer } from "../tools/running";
import type { Cron } from "../wire/crons/cron";
import type { Preview } from "../wire/crons/preview";
import type { Figures } from "../wire/crons/figures";
import type { Slot } from "../wire/crons/slot";
import { optional, uuid } from "../wire/fields";
import {
  cronInWords,
  cronLine,
  figuresInWords,
  presentInWords,
  previewInWords,
  slotLine,
} from "./cron-words";
import { bodyOf, RouteRefusal, type CallRoute, type InnerRequest } from "./inner-routes";
import { requireClearable, typedArguments } from "./tool-arguments";

/** What a tool answers when nothing went wrong. */
type Told = Omit<ToolAnswer, "failed">;

type Answer = (call: CallRoute, args: JsonObject) => Promise<Told>;

/** How many of the next times are told of a cron. */
const TIMES_TOLD = 3;

const withCronId = z.looseObject({ cron_id: uuid });

/** The id of the cron, which stands in the path, and the other arguments. @throws request.invalid */
function splitId(args: JsonObject): { path: string; rest: JsonObject } {
  const { cron_id: cronId, ...rest } = check(withCronId, args, "arguments");
  return { path: `/runs/crons/${cronId}`, rest };
}

/** Refuses arguments that the tool does not have. @throws request.invalid */
function requireNoMore(rest: JsonObject): void {
  check(z.strictObject({}), rest, "arguments");
}

const ANSWERS: Readonly<Record<CronToolName, Answer>> = {
  async create_cron(call, { thread_id: given, ...body }) {
    const { thread_id: threadId } = check(z.object({ thread_id: optional(uuid) }), { thread_id: given }, "");
    const path = threadId === undefined ? "/runs/crons" : `/threads/${threadId}/runs/crons`;
    return aboutCron("Created.", await ask<Cron>(call, { method: "POST", path, body }));
  },
  async list_crons(call, args) {
    const response = await call({ method: "POST", path: "/runs/crons/search", body: args });
    const crons = await bodyOf<Cron[]>(response);
    const total = Number(response.headers.get("X-Pagination-Total"));
    const none = total === 0 ? "There are none." : "There are none from here on.";
    const head = crons.length === 0 ? none : `${crons.length} of ${total}:`;
    return { text: [head, ...crons.map((cron) => `- ${cronLine(cron)}`)].join("\n"), data: { crons, total } };
  },
  async get_cron(call, args) {
    const { path, rest } = splitId(args);
    requireNoMore(rest);
    return aboutCron("", await ask<Cron>(call, { method: "GET", path }));
  },
  async preview_schedule(call, args) {
    const preview = await ask<Preview>(call, { method: "POST", path: "/runs/crons/preview", body: args });
    const text = [previewInWords(preview), presentInWords(now(), preview.timezone)].join("\n");
    return { text, data: { ...preview, now: toIso(now()) } };
  },
  async update_cron(call, args) {
    const { path, rest } = splitId(args);
    return aboutCron("Changed.", await ask<Cron>(call, { method: "PATCH", path, body: rest }));
  },
  async pause_cron(call, args) {
    const { path, rest } = splitId(args);
    const cron = await ask<Cron>(call, { method: "POST", path: `${path}/pause`, body: rest });
    return aboutCron("Paused: no run starts until it is resumed.", cron);
  },
  async resume_cron(call, args) {
    const { path, rest } = splitId(args);
    return aboutCron(
      "Resumed.",
      await ask<Cron>(call, { method: "POST", path: `${path}/resume`, body: rest }),
    );
  },
  async run_cron_now(call, args) {
    const { path, rest } = splitId(args);
    const slot = await ask<Slot>(call, { method: "POST", path: `${path}/run`, body: rest });
    const said =
      slot.status === "pending"
        ? "The run waits for an earlier one to end."
        : `Run ${slot.run_id ?? ""} has begun on thread ${slot.thread_id ?? ""}.`;
    const end =
      slot.run === null ? "How it ends is told by cron_history." : `It has ended: ${slot.run.status}.`;
    return { text: `${said} ${end} The schedule is as it was.`, data: { slot } };
  },
  async delete_cron(call, args) {
    const { path, rest } = splitId(args);
    requireNoMore(rest);
    await ask(call, { method: "DELETE", path });
    const { cron_id: cronId } = args;
    return {
      text: `Deleted cron ${String(cronId)} with its history. No further run of it starts.`,
      data: { cron_id: cronId, deleted: true },
    };
  },
  async cron_history(call, args) {
    const { path, rest } = splitId(args);
    const query = new URLSearchParams(
      Object.entries(rest)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
    const [cron, slots, figures] = await Promise.all([
      ask<Cron>(call, { method: "GET", path }),
      ask<Slot[]>(call, { method: "GET", path: `${path}/slots?${query.toString()}` }),
      ask<Figures>(call, { method: "GET", path: `${path}/figures` }),
    ]);
    const lines = slots.map((slot) => `- ${slotLine(slot, cron.timezone)}`);
    const text = [figuresInWords(figures), ...(lines.length === 0 ? ["No such times yet."] : lines)].join(
      "\n",
    );
    return { text, data: { slots, figures } };
  },
};

/**
 * Answers a tool. Never throws.
 * @param args as the model sent them
 */
export async function answerCronTool(
  call: CallRoute,
  name: CronToolName,
  args: JsonObject,
): Promise<ToolAnswer> {
  const tool = CRON_TOOLS.find((known) => known.name === name);
  try {
    const sent = tool === undefined ? args : typedArguments(tool, args);
    if (tool?.name === "update_cron") requireClearable(tool, sent);
    return { ...(await ANSWERS[name](call, sent)), failed: false };
  } catch (error) {
    const refusal = error instanceof RouteRefusal ? error : asDomainError(error);
    if (refusal === undefined) logError("a tool for crons failed", error, { tool: name });
    const { detail, code } = refusal ?? { detail: "internal error", code: SERVER_FAILED };
    return { text: `${name}: ${detail}`, data: { detail, code }, failed: true };
  }
}

function aboutCron(said: string, cron: Cron): Told {
  const times = Math.min(TIMES_TOLD, cron.max_runs ?? TIMES_TOLD);
  const { schedule, timezone, end_time: end } = cron;
  const preview = previewOf({
    schedule,
    timezone: timezone ?? undefined,
    end_time: end === null ? undefined : Date.parse(end),
    count: times,
  });
  // Slots that are skipped by hand come before the next one.
  const first = cron.next_run_date;
  const next = preview.next.filter(({ utc }) => first !== null && utc >= first);
  const { description, warnings } = preview;
  const text = [...(said === "" ? [] : [said]), cronInWords(cron, { ...preview, next })].join("\n");
  return { text, data: { cron, description, next, warnings } };
}

/** What a route answers. @throws RouteRefusal */
const ask = async <T>(call: CallRoute, request: InnerRequest): Promise<T> => bodyOf<T>(await call(request));
