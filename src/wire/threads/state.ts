/** Requests and answers about the states of threads. */
import { z } from "zod";
import {
  answeredId,
  answeredInstant,
  answerNames,
  jsonObject,
  listOf,
  optional,
  paging,
  queryBoolean,
  queryPaging,
  requestNames,
} from "../fields";
import { checkpointReference, command } from "../runs/run";

/** LangGraph's `Interrupt`. */
export const interrupt = z
  .strictObject({ id: z.string().optional(), value: z.unknown() })
  .register(answerNames, { id: "Interrupt" });
export type WireInterrupt = z.output<typeof interrupt>;

/** Where a state is kept. */
export const checkpoint = z
  .strictObject({
    thread_id: answeredId,
    checkpoint_id: z.string().nullable(),
    checkpoint_ns: z.string(),
    checkpoint_map: jsonObject.nullable(),
  })
  .register(answerNames, { id: "Checkpoint" });
export type WireCheckpoint = z.output<typeof checkpoint>;

/** Where the subgraph of a task has its state, as far as LangGraph says it. */
const taskCheckpoint = z.strictObject({
  thread_id: answeredId,
  checkpoint_ns: z.string(),
  checkpoint_id: z.string().optional(),
  checkpoint_map: jsonObject.optional(),
});
export type TaskCheckpoint = z.output<typeof taskCheckpoint>;

/** A task of a state. Its own `state` is that of the subgraph that it runs, when that was asked for. */
const stateTask = z
  .strictObject({
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
  })
  .register(answerNames, { id: "StateTask" });

const stateFields = {
  values: z.unknown(),
  next: z.array(z.string()),
  tasks: z.array(stateTask),
  metadata: jsonObject,
  created_at: answeredInstant.nullable(),
  checkpoint,
  parent_checkpoint: checkpoint.nullable(),
};

/** The state of a subgraph, within that of its parent. */
const nestedState: z.ZodType<NestedState> = z
  .strictObject({ ...stateFields, interrupts: z.array(interrupt).optional() })
  .register(answerNames, { id: "NestedState" });
/** Written out, because the type of a schema that contains itself cannot be read off. */
export interface NestedState {
  values: unknown;
  next: string[];
  tasks: z.output<typeof stateTask>[];
  metadata: z.output<typeof jsonObject>;
  created_at: string | null;
  checkpoint: WireCheckpoint;
  parent_checkpoint: WireCheckpoint | null;
  interrupts?: WireInterrupt[];
}

export const threadState = z
  .strictObject({ ...stateFields, interrupts: z.array(interrupt) })
  .register(answerNames, { id: "ThreadState" });
export type WireState = z.output<typeof threadState>;

/** A field of a state, or `values.<key>` for one of its values. */
const stateField = z
  .string()
  .regex(
    /^(?:values|values\..+|next|tasks|checkpoint|metadata|created_at|parent_checkpoint|interrupts)$/s,
    "expected a field of a state, or values.<key>",
  );
/** The fields that are asked for; all when none is named. */
export type StateSelection = readonly string[] | undefined;

const STATE_SELECT_MEANING = {
  description: "Only these fields of a state; `values.<key>` is one of its values.",
};
const SUBGRAPHS_MEANING = { description: "Whether tasks are shown with the states of their subgraphs." };

export const stateQuery = z.strictObject({
  subgraphs: queryBoolean.default(false).meta(SUBGRAPHS_MEANING),
  select: listOf(stateField).optional().meta(STATE_SELECT_MEANING),
});

export const checkpointRead = z
  .strictObject({
    checkpoint: checkpointReference.meta({ description: "The checkpoint that holds the state." }),
    subgraphs: optional(z.boolean()).meta(SUBGRAPHS_MEANING),
    select: optional(z.array(stateField)).meta(STATE_SELECT_MEANING),
  })
  .register(requestNames, { id: "CheckpointRead" });

const values = z.union([jsonObject, z.array(z.unknown())], "expected an object or a list").nullish();

const PARENT_MEANING = { description: "The checkpoint whose state is updated, in place of the latest one." };

export const stateUpdate = z
  .strictObject({
    values: values.meta({ description: "What the node returns. Null: nothing." }),
    as_node: optional(z.string()).meta({ description: "The node that the update counts as coming from." }),
    checkpoint: optional(checkpointReference).meta(PARENT_MEANING),
    checkpoint_id: optional(z.string()).meta(PARENT_MEANING),
  })
  .register(requestNames, { id: "StateUpdate" });
export type StateUpdate = z.output<typeof stateUpdate>;

export const superstep = z
  .strictObject({
    updates: z
      .array(z.strictObject({ values, command: optional(command), as_node: z.string() }))
      .min(1)
      .max(100),
  })
  .register(requestNames, { id: "Superstep" });
export type Superstep = z.output<typeof superstep>;

const checkpointConfig = z.looseObject({
  checkpoint_id: optional(z.string()),
  checkpoint_ns: optional(z.string()),
});

const BEFORE_MEANING = { description: "Only states older than this checkpoint." };

/** A checkpoint in the ways in which the SDKs name one: by its id, or by a config that holds the id. */
const before = z
  .union([
    z.string(),
    z
      .looseObject({ configurable: checkpointConfig })
      .transform((config) => config.configurable.checkpoint_id),
    checkpointConfig.transform((config) => config.checkpoint_id),
  ])
  .nullish()
  .transform((id) => id ?? undefined)
  .meta(BEFORE_MEANING);

export const historySearch = z
  .strictObject({
    limit: paging.limit,
    before,
    metadata: optional(jsonObject),
    checkpoint: optional(checkpointConfig).meta({
      description: "Only the state of this checkpoint and older states.",
    }),
    select: optional(z.array(stateField)).meta(STATE_SELECT_MEANING),
  })
  .register(requestNames, { id: "HistorySearch" });
export type HistorySearch = z.output<typeof historySearch>;

export const historyQuery = z
  .strictObject({
    limit: queryPaging.limit,
    before: z.string().optional().meta(BEFORE_MEANING),
    select: listOf(stateField).optional().meta(STATE_SELECT_MEANING),
  })
  .transform(({ limit, before: id, select }): HistorySearch => ({
    limit,
    before: id,
    select,
    metadata: undefined,
    checkpoint: undefined,
  }));
