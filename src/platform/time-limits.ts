/** How long the server waits for others, in ms, in one place. What a limit is for decides it, not who waits. */

/** A call from one object to another, or from the edge to an object. */
export const OBJECT_CALL_MS = 30_000;

/**
 * The delivery of a slot: a cron's call that has its run enqueued. The next delivery of the slot begins later than that, so it cannot
 * overtake this one; see `cron/firing.ts`.
 */
export const DELIVERY_MS = 30_000;

/** A statement or batch of statements in D1: writes of the index, and all operations of the store. */
export const D1_CALL_MS = 5_000;

/** The read of D1 that a firing makes; when it takes longer, the cron fires with what it saw last. */
export const D1_FIRING_READ_MS = 2_000;

/** The report of a run's end to its cron. */
export const REPORT_CALL_MS = 15_000;

/** The receiver of a webhook. */
export const WEBHOOK_CALL_MS = 15_000;

/** A handler of the project's `Auth` that a firing asks. */
export const AUTH_HANDLER_MS = 10_000;

/** A function of the user's project that makes a graph. */
export const GRAPH_FACTORY_MS = 15_000;

/** A request to LangSmith. */
export const TRACE_CALL_MS = 10_000;

/** The sending of the traces of a run that has ended. The object stays awake meanwhile. */
export const TRACES_SEND_MS = 30_000;
