/** A world as a seed makes it: a cron, what its owner does with it, and what goes wrong meanwhile. */
import type { CronDefinition } from "../../src/calls/cron-definition";
import { DEFAULT_POLICY, type CronPolicy } from "../../src/wire/crons/policy";
import type { CronPatch } from "../../src/wire/crons/cron";
import { NO_FAULTS, type FaultRates } from "./faults";
import { firstSlots, slotsOf, type Timetable } from "./matcher";
import { Random } from "./random";
import { randomStart, randomTimetable, randomZone } from "./schedules";
import type { RunHabits } from "./threads";

export const CRON_ID = "11111111-1111-4111-8111-111111111111";
export const THREAD_ID = "22222222-2222-4222-8222-222222222222";
export const ASSISTANT_ID = "33333333-3333-4333-8333-333333333333";

/** What an owner does. */
export type OwnerAction =
  | { kind: "patch"; patch: CronPatch }
  | { kind: "skip"; count: number }
  | { kind: "backfill"; start: number; end: number }
  | { kind: "runNow" }
  | { kind: "switch"; stopped: boolean }
  | { kind: "deleteThread" }
  | { kind: "delete" };

/** What goes wrong for a time, or at one. */
export type Disruption =
  | { kind: "serverDown" | "d1Down"; forMs: number }
  | { kind: "clockJump"; byMs: number; forMs: number }
  | { kind: "kill" };

export interface Plan {
  seed: string;
  start: number;
  /** From here on nothing goes wrong any more. */
  calmFrom: number;
  definition: CronDefinition;
  rates: FaultRates;
  habits: RunHabits;
  actions: { at: number; action: OwnerAction }[];
  disruptions: { at: number; disruption: Disruption }[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** More slots than these in one world take too long. */
const MOST_SLOTS = 80;

export function planOf(seed: string): Plan {
  const random = new Random(seed);
  const zone = randomZone(random);
  const timetable = randomTimetable(random, zone);
  const start = randomStart(random, zone);
  const wanted = random.magnitude(2, 50);
  const slots = firstSlots(timetable, start, wanted);
  const last = slots.at(-1) ?? start + DAY_MS;
  const calmFrom = Math.max(start + 5 * MINUTE_MS, Math.min(last + 1, start + 4 * 365 * DAY_MS));
  const interval = Math.max(1000, (calmFrom - start) / Math.max(1, slots.length));
  const profile = random.pick([
    "calm",
    "outages",
    "mixed",
    "mixed",
    "mixed",
    "mixed",
    "mixed",
    "mixed",
  ] as const);
  const near = (): number => nearSlot(random, slots, start, calmFrom);
  const policy = randomPolicy(random.fork("policy"), interval);
  const definition = randomDefinition(random.fork("definition"), {
    start,
    calmFrom,
    interval,
    timetable,
    policy,
  });
  const orders = definition.payload.multitask_strategy !== undefined;
  return {
    seed,
    start,
    calmFrom,
    definition,
    rates: profile === "mixed" ? randomRates(random.fork("rates")) : NO_FAULTS,
    habits: randomHabits(random.fork("habits"), interval, orders && definition.policy.catchup === "all"),
    actions: randomActions(random.fork("actions"), { definition, slots, start, calmFrom, interval, near }),
    disruptions:
      profile === "calm"
        ? []
        : randomDisruptions(random.fork("disruptions"), profile, { start, calmFrom, near }),
  };
}

/** An instant at which something is about to happen, or has just; or any. */
function nearSlot(random: Random, slots: number[], start: number, end: number): number {
  if (slots.length === 0 || random.chance(0.4)) return random.int(start, end);
  const at = random.pick(slots) + random.pick([-1, 1]) * random.magnitude(1, 2 * MINUTE_MS);
  return Math.max(start, Math.min(end, at));
}

function randomPolicy(random: Random, interval: number): CronPolicy {
  const seconds = Math.ceil(interval / 1000);
  const policy: CronPolicy = {
    ...DEFAULT_POLICY,
    catchup: random.pick(["skip", "latest", "latest", "all"] as const),
    catchup_window_seconds: random.pick([0, 30, 86_400, 31_536_000, random.magnitude(60, 5 * seconds + 60)]),
  };
  if (random.chance(0.2)) policy.jitter_seconds = random.magnitude(1, Math.min(86_400, 2 * seconds));
  if (random.chance(0.2)) policy.pause_after_failures = random.int(1, 4);
  if (random.chance(0.2)) policy.max_runs = random.int(1, 20);
  if (random.chance(0.15)) policy.max_tokens_per_day = random.int(100, 5000);
  if (random.chance(0.15)) policy.max_tokens_per_month = random.int(100, 20_000);
  if (random.chance(0.2)) policy.keep_threads = random.int(1, 5);
  if (random.chance(0.2)) policy.history_limit = random.int(10, 30);
  if (random.chance(0.2)) policy.alert_webhook = "https://alerts.example.com/hook";
  return policy;
}

function randomDefinition(
  random: Random,
  about: { start: number; calmFrom: number; interval: number; timetable: Timetable; policy: CronPolicy },
): CronDefinition {
  const { start, calmFrom, timetable, policy } = about;
  const onThread = random.chance(0.2);
  const strategies = ["reject", "enqueue", "interrupt", "rollback"] as const;
  const strategy = onThread || random.chance(0.4) ? random.pick(strategies) : undefined;
  const endTime = random.chance(0.2) ? random.int(start + (calmFrom - start) / 3, calmFrom + 1) : null;
  const [first] = firstSlots(timetable, start, 1);
  return {
    cronId: CRON_ID,
    assistantId: ASSISTANT_ID,
    threadId: onThread ? THREAD_ID : null,
    schedule: timetable.expression,
    timezone: timetable.timezone,
    // One that ends before it begins is refused.
    endTime: endTime !== null && first !== undefined && endTime > first ? endTime : null,
    enabled: true,
    onRunCompleted: onThread ? null : random.pick(["delete", "keep"] as const),
    payload: {
      assistant_id: ASSISTANT_ID,
      ...(strategy === undefined ? {} : { multitask_strategy: strategy }),
    },
    metadata: {},
    policy,
    note: null,
    createdAt: start,
    updatedAt: start,
  };
}

function randomHabits(random: Random, interval: number, short: boolean): RunHabits {
  const longest = short ? 20_000 : Math.min(2 * HOUR_MS, 2 * interval);
  return {
    shortestMs: random.pick([1, 100, 1000]),
    longestMs: Math.max(2000, random.magnitude(1000, Math.max(2000, longest))),
    errors: random.pick([0, 0.1, 0.6]),
    timeouts: random.pick([0, 0.1]),
    interrupts: random.pick([0, 0.1]),
    rollbacks: random.pick([0, 0.1]),
    mostTokens: random.pick([0, 100, 1000]),
  };
}

function randomRates(random: Random): FaultRates {
  const sometimes = (often: number, most: number): number =>
    random.chance(often) ? random.magnitude(1, most * 1000) / 1000 : 0;
  return {
    crash: random.chance(0.7) ? random.magnitude(1, 20) / 2000 : 0,
    eviction: random.pick([0, 0.5, 1]),
    refused: sometimes(0.5, 0.3),
    answerLost: sometimes(0.5, 0.3),
    hangs: sometimes(0.4, 0.2),
    d1Fails: sometimes(0.4, 0.3),
    d1AnswerLost: sometimes(0.4, 0.3),
    d1Hangs: sometimes(0.3, 0.2),
    alarmEarly: sometimes(0.4, 0.5),
    alarmLate: sometimes(0.4, 0.3),
    alarmTwice: sometimes(0.4, 0.5),
    alarmLost: sometimes(0.3, 0.2),
  };
}

interface Course {
  start: number;
  calmFrom: number;
  near: () => number;
}

function randomActions(
  random: Random,
  course: Course & { definition: CronDefinition; slots: number[]; interval: number },
): Plan["actions"] {
  const { near, definition } = course;
  if (random.chance(0.3)) return [];
  const actions: Plan["actions"] = [];
  const kinds = [
    "reschedule",
    "toggle",
    "toggle",
    "skip",
    "backfill",
    "runNow",
    "policy",
    "endTime",
    "switch",
  ] as const;
  for (let count = random.int(1, 6); count > 0; count--) {
    const at = near();
    actions.push(...actionsOf(random, random.pick(kinds), at, course));
    // Several at a time.
    if (random.chance(0.2))
      actions.push(...actionsOf(random, random.pick(kinds), at + random.int(0, 30), course));
  }
  if (definition.threadId !== null && random.chance(0.15))
    actions.push({ at: near(), action: { kind: "deleteThread" } });
  if (random.chance(0.12)) actions.push({ at: near(), action: { kind: "delete" } });
  return actions;
}

function actionsOf(
  random: Random,
  kind: "reschedule" | "toggle" | "skip" | "backfill" | "runNow" | "policy" | "endTime" | "switch",
  at: number,
  { calmFrom, definition, interval, near }: Course & { definition: CronDefinition; interval: number },
): Plan["actions"] {
  const patch = (fields: CronPatch, when = at): Plan["actions"][number] => ({
    at: when,
    action: { kind: "patch", patch: fields },
  });
  const later = (): number =>
    Math.max(at + random.magnitude(10, Math.max(20, 3 * interval)), random.chance(0.5) ? near() : 0);
  switch (kind) {
    case "reschedule": {
      const { expression, timezone } = otherTimetable(random, definition, at, calmFrom);
      return [patch({ schedule: expression, timezone })];
    }
    case "toggle":
      return [patch({ enabled: false }), ...(random.chance(0.9) ? [patch({ enabled: true }, later())] : [])];
    case "skip":
      return [{ at, action: { kind: "skip", count: random.pick([0, 1, 1, 2, 3, 10]) } }];
    case "backfill": {
      const end = at - random.pick([0, random.magnitude(1, Math.max(2, 3 * interval))]);
      const start = end - random.magnitude(1, Math.max(2, Math.min(10 * interval, calmFrom)));
      return [{ at, action: { kind: "backfill", start, end } }];
    }
    case "runNow":
      return [{ at, action: { kind: "runNow" } }];
    case "policy":
      return [patch(policyPatch(random, interval))];
    case "endTime":
      return [patch({ end_time: random.pick([null, random.int(at, calmFrom), near()]) })];
    case "switch":
      return [
        { at, action: { kind: "switch", stopped: true } },
        ...(random.chance(0.9) ? [{ at: later(), action: { kind: "switch" as const, stopped: false } }] : []),
      ];
  }
}

function policyPatch(random: Random, interval: number): CronPatch {
  const { catchup, catchup_window_seconds, jitter_seconds, max_runs } = randomPolicy(random, interval);
  return random.pick<CronPatch>([
    { catchup, catchup_window_seconds },
    { jitter_seconds },
    { max_runs },
    { pause_after_failures: random.pick([null, random.int(1, 4)]) },
    { metadata: { note: "changed" } },
    { on_run_completed: "delete" },
  ]);
}

/** Another one, with a number of slots that can be simulated. */
function otherTimetable(
  random: Random,
  { schedule, timezone }: CronDefinition,
  from: number,
  to: number,
): Timetable {
  for (let attempt = 0; attempt < 5; attempt++) {
    const candidate = randomTimetable(random, random.chance(0.5) ? timezone : randomZone(random));
    // Very many are not even counted.
    const [, , third] = firstSlots(candidate, from, 3);
    if (third !== undefined && (to - from) / Math.max(1000, third - from) > 10 * MOST_SLOTS) continue;
    if (slotsOf(candidate, from, to).length <= MOST_SLOTS) return candidate;
  }
  return { expression: schedule, timezone: random.chance(0.5) ? timezone : randomZone(random) };
}

function randomDisruptions(
  random: Random,
  profile: "outages" | "mixed",
  { start, calmFrom, near }: Course,
): Plan["disruptions"] {
  const longest = Math.max(2 * MINUTE_MS, Math.min(3 * DAY_MS, (calmFrom - start) / 3));
  const down = (): Plan["disruptions"][number] => ({
    at: near(),
    disruption: { kind: "serverDown", forMs: random.magnitude(MINUTE_MS, longest) },
  });
  if (profile === "outages") return [down()];
  const disruptions: Plan["disruptions"] = [];
  const add = (often: number, most: number, make: () => Plan["disruptions"][number]): void => {
    if (!random.chance(often)) return;
    for (let count = random.int(1, most); count > 0; count--) disruptions.push(make());
  };
  add(0.4, 3, down);
  add(0.4, 3, () => ({
    at: near(),
    disruption: { kind: "d1Down", forMs: random.magnitude(1000, Math.min(3 * HOUR_MS, longest)) },
  }));
  add(0.2, 3, () => ({
    at: near(),
    disruption: {
      kind: "clockJump",
      byMs: random.pick([-1, 1]) * random.magnitude(1, Math.min(HOUR_MS, longest)),
      forMs: random.magnitude(1000, longest),
    },
  }));
  add(0.4, 5, () => ({ at: near(), disruption: { kind: "kill" } }));
  return disruptions;
}
