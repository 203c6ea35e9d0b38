/**
 * What the server answers with, as zod schemas. The types beside the code that makes these objects come first: the
 * compiler holds the schemas against them, and tests hold them against real answers.
 */
import { z } from "zod";
import type { Assistant } from "./assistants";
import type { Cron, CronSwitch, Figures, Preview, Slot } from "./crons/cron";
import type { Run, RunError } from "./runs/run";
import type { NestedState, TaskCheckpoint, WireCheckpoint, WireState } from "./threads/state";
import type { WireItem } from "./store/item";
import type { FoundThread, Thread } from "./threads/thread";

const id = z.guid();
const instant = z.iso.datetime();
const jsonObject = z.record(z.string(), z.unknown());

/** What every request that fails is answered with: `detail` for people, `code` for programs. */
export const failure = z.strictObject({ detail: z.string(), code: z.string() });

export const assistant = z.strictObject({
  assistant_id: id,
  graph_id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  config: jsonObject,
  context: jsonObject,
  metadata: jsonObject,
  version: z.int(),
  created_at: instant,
  updated_at: instant,
}) satisfies z.ZodType<Assistant>;

/** As LangChain draws a graph. */
export const graphDrawing = z.strictObject({
  nodes: z.array(
    z.strictObject({ id: z.string(), type: z.string(), data: z.unknown(), metadata: z.unknown().optional() }),
  ),
  edges: z.array(
    z.strictObject({
      source: z.string(),
      target: z.string(),
      conditional: z.boolean().optional(),
      data: z.string().optional(),
    }),
  ),
});

const schemas = {
  input_schema: jsonObject,
  output_schema: jsonObject,
  state_schema: jsonObject,
  config_schema: jsonObject.optional(),
  context_schema: jsonObject.optional(),
};

export const subgraphSchemas = z.strictObject(schemas);
export const graphSchemas = z.strictObject({ graph_id: z.string(), ...schemas });

export const threadStatus = z.enum(["idle", "busy", "interrupted", "error"]);

/** LangGraph's `Interrupt`. */
export const interrupt = z.strictObject({ id: z.string().optional(), value: z.unknown() });

export const thread = z.strictObject({
  thread_id: id,
  created_at: instant,
  updated_at: instant,
  metadata: jsonObject,
  status: threadStatus,
  config: jsonObject,
  error: z.string().nullable(),
  values: z.unknown(),
  interrupts: z.record(z.string(), z.array(interrupt)),
}) satisfies z.ZodType<Thread>;

/** A thread that was found: with what was to be extracted of it. */
export const foundThread = z.strictObject({
  ...thread.shape,
  extracted: jsonObject.optional(),
}) satisfies z.ZodType<FoundThread>;

export const checkpoint = z.strictObject({
  thread_id: id,
  checkpoint_id: z.string().nullable(),
  checkpoint_ns: z.string(),
  checkpoint_map: jsonObject.nullable(),
}) satisfies z.ZodType<WireCheckpoint>;

/** Where the subgraph of a task has its state. */
export const taskCheckpoint = z.strictObject({
  thread_id: id,
  checkpoint_ns: z.string(),
  checkpoint_id: z.string().optional(),
  checkpoint_map: jsonObject.optional(),
}) satisfies z.ZodType<TaskCheckpoint>;

/** A task of a state; `state` is that of the subgraph that it runs, when asked for. */
export const stateTask = z.strictObject({
  id: z.string(),
  name: z.string(),
  path: z.array(z.unknown()),
  error: z.string().nullable(),
  interrupts: z.array(interrupt),
  checkpoint: taskCheckpoint.nullable(),
  get state(): z.ZodNullable<z.ZodType<NestedState>> {
    return z.nullable(nestedState);
  },
  result: z.unknown(),
});

const stateFields = {
  values: z.unknown(),
  next: z.array(z.string()),
  tasks: z.array(stateTask),
  metadata: jsonObject,
  created_at: instant.nullable(),
  checkpoint,
  parent_checkpoint: checkpoint.nullable(),
};

/** The state of a subgraph, within that of its parent. */
export const nestedState: z.ZodType<NestedState> = z.strictObject({
  ...stateFields,
  interrupts: z.array(interrupt).optional(),
});

export const threadState: z.ZodType<WireState> = z.strictObject({
  ...stateFields,
  interrupts: z.array(interrupt),
});

export const runStatus = z.enum(["pending", "running", "success", "error", "timeout", "interrupted"]);

export const runError = z.strictObject({
  error: z.string(),
  message: z.string(),
}) satisfies z.ZodType<RunError>;

/** How far the calling of a run's webhook has got. */
export const webhookDelivery = z.strictObject({
  status: z.enum(["pending", "delivered", "failed"]),
  attempts: z.int(),
  last_error: z.string().nullable(),
  next_attempt_at: instant.nullable(),
});

/** Tokens that models were sent, and that they answered with. */
export const tokenUsage = z.strictObject({ input_tokens: z.int(), output_tokens: z.int() });

export const run = z.strictObject({
  run_id: id,
  thread_id: id,
  assistant_id: id,
  created_at: instant,
  updated_at: instant,
  status: runStatus,
  metadata: jsonObject,
  kwargs: jsonObject,
  multitask_strategy: z.enum(["reject", "rollback", "interrupt", "enqueue"]),
  error: runError.optional(),
  webhook: webhookDelivery.optional(),
  attempts: z.int().optional(),
  usage: tokenUsage.optional(),
}) satisfies z.ZodType<Run>;

/** In place of a run's values, when it failed. */
export const runFailure = z.strictObject({ __error__: runError });

/** What a run that was waited for ends with: the values of its state, of whatever form the graph gives them. */
export const runResult = z.union([runFailure, z.unknown()]);

export const cron = z.strictObject({
  cron_id: id,
  assistant_id: id,
  thread_id: id.nullable(),
  on_run_completed: z.enum(["delete", "keep"]).nullable(),
  end_time: instant.nullable(),
  schedule: z.string(),
  timezone: z.string().nullable(),
  created_at: instant,
  updated_at: instant,
  user_id: z.string().nullable(),
  payload: jsonObject,
  next_run_date: instant.nullable(),
  metadata: jsonObject,
  enabled: z.boolean(),
  note: z.string().nullable(),
  catchup: z.enum(["skip", "latest", "all"]),
  catchup_window_seconds: z.int(),
  jitter_seconds: z.int(),
  max_attempts: z.int(),
  retry_delay_seconds: z.int(),
  run_timeout_seconds: z.int().nullable(),
  pause_after_failures: z.int().nullable(),
  alert_webhook: z.string().nullable(),
  max_runs: z.int().nullable(),
  max_tokens_per_day: z.int().nullable(),
  max_tokens_per_month: z.int().nullable(),
  keep_threads: z.int().nullable(),
  thread_ttl: z.strictObject({ strategy: z.enum(["delete", "keep_latest"]), ttl: z.number() }).nullable(),
  history_limit: z.int(),
}) satisfies z.ZodType<Cron>;

export const slot = z.strictObject({
  scheduled_for: instant,
  origin: z.enum(["schedule", "catchup", "backfill", "manual"]),
  status: z.enum(["pending", "fired", "skipped", "missed", "rolled_back"]),
  reason: z.string().nullable(),
  lateness_ms: z.int().nullable(),
  run_id: id.nullable(),
  thread_id: id.nullable(),
}) satisfies z.ZodType<Slot>;

const percentiles = z
  .strictObject({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
  .nullable();

export const cronFigures = z.strictObject({
  slots: z.strictObject({
    fired: z.int(),
    skipped: z.int(),
    missed: z.int(),
    rolled_back: z.int(),
    pending: z.int(),
  }),
  runs: z.strictObject({
    running: z.int(),
    success: z.int(),
    error: z.int(),
    timeout: z.int(),
    interrupted: z.int(),
    rolled_back: z.int(),
  }),
  success_ratio: z.number().nullable(),
  failures_in_a_row: z.int(),
  tokens: z.strictObject({ input: z.int(), output: z.int(), today: z.int(), this_month: z.int() }),
  start_lateness_ms: percentiles,
  duration_ms: percentiles,
}) satisfies z.ZodType<Figures>;

/** What a schedule means. */
export const schedulePreview = z.strictObject({
  schedule: z.string(),
  timezone: z.string().nullable(),
  description: z.string(),
  next: z.array(z.strictObject({ utc: instant, local: z.iso.datetime({ offset: true }) })),
  warnings: z.array(
    z.strictObject({
      code: z.enum(["never", "rarely", "more_than_hourly", "dst_gap", "dst_overlap"]),
      message: z.string(),
    }),
  ),
}) satisfies z.ZodType<Preview>;

/** The switch of all crons. */
export const cronSwitch = z.strictObject({
  stopped: z.boolean(),
  note: z.string().nullable(),
  changed_at: instant.nullable(),
}) satisfies z.ZodType<CronSwitch>;

export const item = z.strictObject({
  namespace: z.array(z.string()),
  key: z.string(),
  value: jsonObject,
  created_at: instant,
  updated_at: instant,
}) satisfies z.ZodType<WireItem>;

/** An item that was found; the score is null when nothing was ranked. */
export const foundItem = z.strictObject({ ...item.shape, score: z.number().nullable() });

export const serverInfo = z.strictObject({
  version: z.string(),
  langgraph_py_version: z.string(),
  flags: z.record(z.string(), z.boolean()),
  /** Whether requests need a key. */
  auth: z.enum(["open", "keys"]),
  metadata: jsonObject,
});
