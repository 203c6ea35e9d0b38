/** The checker of `npm run chaos`: what went well passes, and each thing that could go wrong is found. */
import { expect, it } from "vitest";
import { deviations, type Observation, type ObservedCron } from "../../chaos/check.mjs";

const START = Date.parse("2040-01-01T00:00:00.000Z");
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

/** A cron on a thread that fired every ten seconds, three times; the second run was killed at its work. */
function observed(): Observation {
  const times = [10, 20, 30];
  const cron: ObservedCron = {
    cronId: "c",
    plan: {
      name: "a plan",
      kind: "thread",
      graph: "slow",
      strategy: "enqueue",
      durability: "sync",
      catchup: "all",
      seconds: [0, 10, 20, 30, 40, 50],
      minutes: 1,
    },
    created: { from: START + 100, to: START + 200 },
    paused: { from: START + 35_000, to: START + 35_100 },
    threadId: "t",
    slots: times.map((time) => ({
      scheduled_for: at(time),
      status: "fired",
      reason: null,
      run_id: `r${time}`,
    })),
    runs: times.map((time) => ({
      run_id: `r${time}`,
      thread_id: "t",
      status: "success",
      attempts: time === 20 ? 2 : 1,
      created_at: at(time),
      updated_at: at(time + 5),
      metadata: { scheduled_for: at(time) },
    })),
    figures: {
      slots: { fired: 3, skipped: 0, missed: 0, pending: 0 },
      runs: { running: 0, success: 3, error: 0, timeout: 0, interrupted: 0 },
    },
    notes: [
      ...times.flatMap((time) =>
        ["begin", "work", "end"].map((node) => ({
          scheduledFor: at(time),
          node,
          attempt: time === 20 && node === "end" ? 2 : 1,
          at: START + time * 1000 + 1,
        })),
      ),
      { scheduledFor: at(20), node: "work", attempt: 2, at: START + 23_000 },
    ],
  };
  const trail = times.flatMap((time) => ["begin", "work", "end"].map((node) => `${at(time)} ${node}`));
  return {
    crons: [cron],
    threads: new Map([["t", { status: "idle", trail }]]),
    kills: [{ from: START + 21_000, to: START + 21_100 }],
  };
}

const first = <T>(list: T[]): T => {
  const [item] = list;
  if (item === undefined) throw new Error("an empty list");
  return item;
};

it("finds nothing wrong with what went well", () => {
  expect(deviations(observed())).toEqual([]);
});

it("lets a slot go that waited for the delivery of a host that was killed", () => {
  const observation = observed();
  skipBehindDelivery(first(observation.crons), { kind: "delete" });
  const found = deviations(observation).filter((text) => / is skipped/.test(text));
  expect(found).toEqual([]);
});

it("lets a run begin anew that was in memory alone when its host was killed", () => {
  expect(repeatedAfterKill("delete", START + 10_100).some(isRepetition)).toBe(false);
  // It was stored by the time of the kill, or its thread is stored at once.
  expect(repeatedAfterKill("delete", START + 13_000).some(isRepetition)).toBe(true);
  expect(repeatedAfterKill("keep", START + 10_100).some(isRepetition)).toBe(true);
});

const isRepetition = (text: string): boolean => /twice in one attempt/.test(text);

/** What is wrong when the first node of the first run was executed again after a kill. */
function repeatedAfterKill(kind: string, killedAt: number): string[] {
  const observation = observed();
  const cron = first(observation.crons);
  Object.assign(cron.plan, { kind });
  cron.notes.push({ ...first(cron.notes), at: START + 15_000 });
  observation.kills.push({ from: killedAt, to: killedAt + 50 });
  return deviations(observation);
}

/** The first slot was skipped because another one waited for a delivery. */
function skipBehindDelivery(cron: ObservedCron, plan: Partial<ObservedCron["plan"]>): void {
  Object.assign(cron.plan, plan);
  Object.assign(first(cron.slots), {
    status: "skipped",
    reason: "another slot waits for the delivery of the run x",
  });
}

type Change = (cron: ObservedCron, observation: Observation) => void;
const FAULTS: [what: string, finds: RegExp, change: Change][] = [
  ["a slot that is not in the ledger", /is not in the ledger/, (cron) => cron.slots.pop()],
  ["a slot twice", /in the ledger twice/, (cron) => cron.slots.push({ ...first(cron.slots) })],
  [
    "a slot at another time",
    /is no slot of its schedule/,
    (cron) => (first(cron.slots).scheduled_for = at(11)),
  ],
  ["a slot after the pause", /not within the cron's time/, (cron) => (cron.paused.to = START + 25_000)],
  ["a pending slot", /is pending/, (cron) => (first(cron.slots).status = "pending")],
  ["a slot without a run", /names no run/, (cron) => (first(cron.slots).run_id = null)],
  [
    "a slot that was to be made up for",
    /is missed/,
    (cron) => {
      Object.assign(first(cron.slots), { status: "missed", reason: "the server did not run at the time" });
    },
  ],
  [
    "a slot skipped for no reason of its cron",
    /is skipped/,
    (cron) => {
      Object.assign(first(cron.slots), { status: "skipped", reason: "the earlier run x has not ended" });
    },
  ],
  [
    "a slot of a thread skipped because of a delivery",
    /is skipped/,
    (cron) => {
      skipBehindDelivery(cron, {});
    },
  ],
  [
    "a slot skipped because of a delivery that no kill has cut off",
    /is skipped/,
    (cron, observation) => {
      skipBehindDelivery(cron, { kind: "delete" });
      observation.kills.pop();
    },
  ],
  ["a run that is gone", /is not found/, (cron) => cron.runs.pop()],
  [
    "a second run of a slot",
    /not the only one of its slot/,
    (cron) => cron.runs.push({ ...first(cron.runs), run_id: "other" }),
  ],
  ["a run without a slot", /has no fired slot/, (cron) => cron.slots.shift()],
  ["a run that runs for ever", /is running/, (cron) => (first(cron.runs).status = "running")],
  [
    "a run that was given up without having died",
    /is error/,
    (cron) => {
      const error = { message: "given up after 3 attempts: …" };
      Object.assign(first(cron.runs), { status: "error", error });
    },
  ],
  [
    "an attempt that no kill explains",
    /2 attempts, and 0 kills/,
    (_, observation) => observation.kills.pop(),
  ],
  ["figures that are off", /figures say 2 slots fired/, (cron) => (cron.figures.slots.fired = 2)],
  ["figures of runs that are off", /figures say 4 runs success/, (cron) => (cron.figures.runs.success = 4)],
  [
    "a node executed twice in an attempt",
    /twice in one attempt/,
    (cron) => cron.notes.push({ ...first(cron.notes) }),
  ],
  ["execution after the end", /went on after its end/, (cron) => (first(cron.notes).at = START + 60_000)],
  [
    "a node executed again that was stored as done",
    /executed again what was stored/,
    (cron) => cron.notes.push({ scheduledFor: at(20), node: "begin", attempt: 2, at: START + 23_000 }),
  ],
  [
    "execution without a run",
    /which has no run/,
    (cron) => cron.notes.push({ scheduledFor: at(40), node: "begin", attempt: 1, at: START + 40_000 }),
  ],
  [
    "a trace in the state twice",
    /left begin,begin,work,end/,
    (_, { threads }) => threads.get("t")?.trail.unshift(`${at(10)} begin`),
  ],
  [
    "a trace that is missing",
    /left begin,work in its thread/,
    (_, { threads }) => threads.get("t")?.trail.pop(),
  ],
  [
    "a thread that should not be there",
    /thread other should not be there/,
    (_, { threads }) => threads.set("other", { status: "idle", trail: [] }),
  ],
  ["a thread that is gone", /thread t is gone/, (_, { threads }) => threads.delete("t")],
];

it.each(FAULTS)("finds %s", (_what, finds, change) => {
  const observation = observed();
  change(first(observation.crons), observation);
  expect(deviations(observation).join("\n")).toMatch(finds);
});
