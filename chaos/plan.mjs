/** The crons of an experiment, drawn by lot, and when each of them is to fire: worked out without the server's own code. */

/** Expressions, and which seconds of which minutes they mean; in every hour and zone the same. */
const SCHEDULES = [
  { expression: "*/2 * * * * *", seconds: every(2) },
  { expression: "*/5 * * * * *", seconds: every(5) },
  { expression: "*/10 * * * * *", seconds: every(10) },
  { expression: "3/15 * * * * *", seconds: every(15).map((second) => second + 3) },
  { expression: "10-20/5 * * * * *", seconds: [10, 15, 20] },
  { expression: "7,23,51 * * * * *", seconds: [7, 23, 51] },
  { expression: "*/20 * * * * *", seconds: every(20) },
  { expression: "*/30 * * * * *", seconds: every(30) },
  { expression: "42 * * * * *", seconds: [42] },
  { expression: "* * * * *", seconds: [0] },
  { expression: "* * * * *", seconds: [0] },
  { expression: "*/2 * * * *", seconds: [0], minutes: 2 },
];

const KINDS = ["delete", "delete", "keep", "thread"];

/**
 * What one cron is to do, and how it is made.
 * @typedef {{
 *   name: string, kind: "delete" | "keep" | "thread", graph: "fast" | "slow", strategy: string | null, durability: string,
 *   catchup: "all" | "latest" | "skip", seconds: number[], minutes: number, body: object,
 * }} Plan
 */

/**
 * @param {number} count
 * @param {() => number} random in [0, 1)
 * @returns {Plan[]}
 */
export function planCrons(count, random) {
  const pick = (choices) => choices[Math.floor(random() * choices.length)];
  return Array.from({ length: count }, () => {
    const { expression, seconds, minutes = 1 } = pick(SCHEDULES);
    const kind = pick(KINDS);
    const graph = pick(["fast", "fast", "slow"]);
    const strategy = pick([null, null, "reject", "enqueue", "interrupt"]);
    const durability = pick(["async", "async", "sync", "exit"]);
    const catchup = pick(["all", "latest", "skip"]);
    const jitter = pick([0, 0, 2]);
    const timezone = pick([null, "Asia/Kolkata", "America/New_York"]);
    const ms = Math.round(500 + random() * 3_500);
    const name = [expression, kind, graph, strategy ?? "no strategy", durability, `catchup ${catchup}`];
    return {
      name: [...name, jitter > 0 ? `jitter ${jitter} s` : [], timezone ?? []].flat().join(", "),
      kind,
      graph,
      strategy: kind === "thread" ? (strategy ?? "enqueue") : strategy,
      durability,
      catchup,
      seconds,
      minutes,
      body: {
        assistant_id: graph,
        schedule: expression,
        timezone,
        durability,
        catchup,
        jitter_seconds: jitter,
        multitask_strategy: strategy,
        input: { ms },
        ...(kind === "thread" ? {} : { on_run_completed: kind }),
      },
    };
  });
}

/** Whether the plan has a slot at this instant (ms). */
export function isSlot({ seconds, minutes }, at) {
  const date = new Date(at);
  return at % 1000 === 0 && seconds.includes(date.getUTCSeconds()) && date.getUTCMinutes() % minutes === 0;
}

/** The slots of the plan between two instants (ms), neither included. */
export function slotsBetween(plan, from, to) {
  const slots = [];
  for (let at = (Math.floor(from / 1000) + 1) * 1000; at < to; at += 1000) {
    if (isSlot(plan, at)) slots.push(at);
  }
  return slots;
}

/** A generator of random numbers in [0, 1): the same seed gives the same numbers (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function every(step) {
  return Array.from({ length: 60 / step }, (_, index) => index * step);
}
