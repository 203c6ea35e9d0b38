/** Making the crons of an experiment, pausing them, and reading all that the server then says of them. */

const IN_FLIGHT = 8;
const PAGE = 1_000;
/** Small, so that the ledger is read in many pages. */
const SLOT_PAGE = 25;
const POLL_MS = 1_000;

/** @returns {Promise<{ cronId: string, plan: object, threadId: string | null, created: object }[]>} */
export function createCrons(server, plans) {
  return inFlight(plans, async (plan) => {
    const thread = plan.kind === "thread" ? await server.call("POST", "/threads", {}) : null;
    const threadId = thread?.thread_id ?? null;
    const path = threadId === null ? "/runs/crons" : `/threads/${threadId}/runs/crons`;
    const { span, answer } = await timed(() => server.call("POST", path, plan.body));
    return { cronId: answer.cron_id, plan, threadId, created: span };
  });
}

/** Pauses the crons. @returns them, each with when it was paused */
export function pauseCrons(server, crons) {
  return inFlight(crons, async (cron) => {
    const { span } = await timed(() => server.call("POST", `/runs/crons/${cron.cronId}/pause`, {}));
    return { ...cron, paused: span };
  });
}

/**
 * Waits until nothing is pending or running any more, for as long as something moves. A cron of which nothing has changed for
 * `stuckAfterMs` is stuck, and is waited for no longer.
 * @returns how long that took, and the ids of the crons that are stuck
 */
export async function untilQuiet(server, crons, stuckAfterMs, { now = Date.now, wait = sleep } = {}) {
  const begun = now();
  const stuck = [];
  let busy = crons.map(({ cronId }) => ({ cronId, figures: "", movedAt: begun }));
  while (busy.length > 0) {
    const looked = await inFlight(busy, async ({ cronId, ...before }) => {
      const figures = await server.call("GET", `/runs/crons/${cronId}/figures`);
      if (figures.slots.pending + figures.runs.running === 0) return [];
      const text = JSON.stringify([figures.slots, figures.runs]);
      return [text === before.figures ? { cronId, ...before } : { cronId, figures: text, movedAt: now() }];
    });
    const still = looked.flat();
    stuck.push(...still.filter(({ movedAt }) => now() - movedAt >= stuckAfterMs).map(({ cronId }) => cronId));
    busy = still.filter(({ cronId }) => !stuck.includes(cronId));
    if (busy.length > 0) await wait(POLL_MS);
  }
  return { waitedMs: now() - begun, stuck };
}

/** All that the server says of the crons and their threads. */
export async function observe(server, crons) {
  const observed = await inFlight(crons, async (cron) => ({
    ...cron,
    slots: await slotsOf(server, cron.cronId),
    runs: await pages((offset) =>
      server.call("GET", `/runs/crons/${cron.cronId}/runs?limit=${PAGE}&offset=${offset}`),
    ),
    figures: await server.call("GET", `/runs/crons/${cron.cronId}/figures`),
    notes: await notesOf(server, cron.cronId),
  }));
  const found = await pages((offset) =>
    server.call("POST", "/threads/search", { limit: PAGE, offset, sort_by: "created_at" }),
  );
  const threads = await inFlight(found, async ({ thread_id: threadId, status }) => {
    const { values } = await server.call("GET", `/threads/${threadId}/state`);
    return [threadId, { status, trail: values?.trail ?? [] }];
  });
  return { crons: observed, threads: new Map(threads), kills: server.kills };
}

async function slotsOf(server, cronId) {
  const slots = [];
  for (;;) {
    const before = slots.length === 0 ? "" : `&before=${slots.at(-1).scheduled_for}`;
    const page = await server.call("GET", `/runs/crons/${cronId}/slots?limit=${SLOT_PAGE}${before}`);
    slots.push(...page);
    if (page.length < SLOT_PAGE) return slots;
  }
}

async function notesOf(server, cronId) {
  const items = await pages(async (offset) => {
    const query = { namespace_prefix: ["chaos", cronId], limit: PAGE, offset };
    return (await server.call("POST", "/store/items/search", query)).items;
  });
  return items.map(({ value, created_at: createdAt }) => ({ ...value, at: Date.parse(createdAt) }));
}

async function pages(read) {
  const all = [];
  for (;;) {
    const page = await read(all.length);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

async function timed(request) {
  const from = Date.now();
  const answer = await request();
  return { span: { from, to: Date.now() }, answer };
}

/** Does `work` for each, a few at a time. @returns the results in order */
async function inFlight(items, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return results;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
