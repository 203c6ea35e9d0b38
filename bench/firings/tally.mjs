/**
 * What a worker's objects do, counted within the worker: the objects of a local server and its Worker share one isolate, and
 * so this module. Counted are the rows and statements as SQLite and D1 report them, alarms that are set, and what each object
 * is asked for.
 */

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
};
let tally = { ...NOTHING };
let recorded = { count: 0, at: 0 };

/** A run has been recorded: by the object itself, or where all runs are found, in D1. */
export function noteRecorded() {
  recorded = { count: recorded.count + 1, at: Date.now() };
}

/** How many have, since what was counted was last asked, and when the last did (ms). */
export const recordedSoFar = () => recorded;

/** What was counted since this was last asked. */
export function takeTally() {
  const taken = tally;
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
