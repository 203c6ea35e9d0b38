/**
 * What a worker's objects do, counted within the worker: the objects of a local server and its Worker share one isolate, and
 * so this module. Counted are the rows and statements as SQLite and D1 report them, alarms that are set, and what each object
 * is asked for.
 */

/** How a server's log says that an answer did not come in time. */
const TIMED_OUT = /did not answer within|timed? ?out/i;

/** A pause that is longer than this is one in which the object does nothing. */
const IDLE_MS = 200;

const NOTHING = {
  requests: 0,
  activeMs: 0,
  objectRows: 0,
  d1Rows: 0,
  rowsRead: 0,
  statements: 0,
  d1Calls: 0,
  timeouts: 0,
  retries: 0,
};
let tally = { ...NOTHING };
let recorded = { count: 0, at: 0 };
/** When each firing's work has begun, each time that it did (ms), by the id of its thread or object. */
let begun = new Map();
/** The same, of what the last tally has counted. */
let begunBefore = begun;
/** The runs that were enqueued. */
let enqueued = new Set();

/** The work of a firing begins. The contestants' graphs and objects call this. */
globalThis.noteBegun = (id) => {
  begun.set(id, [...(begun.get(id) ?? []), Date.now()]);
};

/** When each firing of the last tally has begun. */
export const begunOfLastTally = () => Object.fromEntries(begunBefore);

for (const method of ["error", "warn", "log"]) {
  const print = console[method].bind(console);
  console[method] = (...args) => {
    if (TIMED_OUT.test(String(args[0]))) tally.timeouts += 1;
    print(...args);
  };
}

/** A run has been recorded: by the object itself, or where all runs are found, in D1. */
export function noteRecorded() {
  recorded = { count: recorded.count + 1, at: Date.now() };
}

/** How many have, since what was counted was last asked, and when the last did (ms). */
export const recordedSoFar = () => recorded;

/** What was counted since this was last asked. */
export function takeTally() {
  const taken = { ...tally, begunTwice: [...begun.values()].filter((times) => times.length > 1).length };
  begunBefore = begun;
  begun = new Map();
  enqueued = new Set();
  recorded = { count: 0, at: 0 };
  tally = { ...NOTHING };
  return taken;
}

/** A class of objects like `Base`, which is counted; `methods` are how it is called. */
export function counted(Base, methods) {
  const Counted = class extends Base {
    constructor(ctx, env) {
      const touch = activity();
      countStorage(ctx.storage, touch);
      super(ctx, env.DB === undefined ? env : { ...env, DB: countedD1(env.DB, touch) });
      Object.defineProperty(this, "touch", { value: touch });
    }
  };
  for (const method of methods) {
    Counted.prototype[method] = async function (...args) {
      tally.requests += 1;
      if (isRepeated(method, args)) tally.retries += 1;
      this.touch(true);
      try {
        return await Base.prototype[method].apply(this, args);
      } finally {
        this.touch();
      }
    };
  }
  return Counted;
}

/** Whether a call or an alarm is made because one before it failed, or its answer did not come. */
function isRepeated(method, args) {
  if (method === "alarm") return args[0]?.isRetry === true;
  const [name, [run] = []] = args;
  if (name === "findRun") return true;
  if (name !== "enqueueRun") return false;
  const isKnown = enqueued.has(run.runId);
  enqueued.add(run.runId);
  return isKnown;
}

/** Told whenever the object does something; adds up for how long it is at work. */
function activity() {
  let last = -Infinity;
  return (begins = false) => {
    const now = Date.now();
    if (!begins && now - last < IDLE_MS) tally.activeMs += now - last;
    last = now;
  };
}

function countStorage(storage, touch) {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  define(sql, "exec", (...args) => {
    const cursor = exec(...args);
    // The local server's own: it keeps the name of each object.
    if (args[0].includes("__miniflare")) return cursor;
    tally.statements += 1;
    tally.objectRows += cursor.rowsWritten;
    tally.rowsRead += cursor.rowsRead;
    touch();
    return cursor;
  });
  define(storage, "setAlarm", (...args) => {
    tally.objectRows += 1;
    touch();
    return setAlarm(...args);
  });
}

function countedD1(db, touch) {
  const count = (result) => {
    tally.d1Rows += result.meta.rows_written;
    tally.rowsRead += result.meta.rows_read;
    return result;
  };
  const asked = async (work) => {
    tally.d1Calls += 1;
    touch();
    try {
      return await work();
    } finally {
      touch();
    }
  };
  const wrap = (statement, text, values = []) => ({
    statement,
    recordsRun: /^INSERT INTO runs\b/.test(text) && values.includes("success"),
    bind: (...bound) => wrap(statement.bind(...bound), text, bound),
    run: () => asked(async () => count(await statement.run())),
    all: () => asked(async () => count(await statement.all())),
    first: (column) =>
      asked(async () => {
        const [row] = count(await statement.all()).results;
        if (row === undefined) return null;
        return column === undefined ? row : row[column];
      }),
  });
  return {
    prepare: (text) => wrap(db.prepare(text), text),
    batch: (wrapped) =>
      asked(async () => {
        const results = await db.batch(wrapped.map(({ statement }) => statement));
        for (const { recordsRun } of wrapped) if (recordsRun) noteRecorded();
        return results.map(count);
      }),
  };
}

const define = (object, name, value) => Object.defineProperty(object, name, { configurable: true, value });
