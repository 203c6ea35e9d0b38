/** What clients may send about the state of a thread. */
import { z } from "zod";
import type { JsonObject } from "../../platform/json";
import { jsonObject, optional, uuid } from "../fields";
import { command } from "../runs/run";

/** A field of a state, or `values.<key>` for one of its values. */
export const stateField = z
  .string()
  .regex(
    /^(?:values|values\..+|next|tasks|checkpoint|metadata|created_at|parent_checkpoint|interrupts)$/s,
    "expected a field of a state, or values.<key>",
  );

const checkpoint = z.strictObject({
  thread_id: optional(z.string()),
  checkpoint_ns: optional(z.string()),
  checkpoint_id: optional(z.string()),
  checkpoint_map: optional(jsonObject),
});

const values = z.union([jsonObject, z.array(z.unknown())], "expected an object or a list").nullish();

export const stateUpdate = z.strictObject({
  values,
  as_node: optional(z.string()),
  checkpoint: optional(checkpoint),
  checkpoint_id: optional(z.string()),
});
export type StateUpdate = z.output<typeof stateUpdate>;

export const superstep = z.strictObject({
  updates: z
    .array(z.strictObject({ values, command: optional(command), as_node: z.string() }))
    .min(1)
    .max(100),
});
export type Superstep = z.output<typeof superstep>;

export const checkpointRead = z.strictObject({
  checkpoint,
  subgraphs: optional(z.boolean()),
  select: optional(z.array(stateField)),
});

export const threadPrune = z.strictObject({
  thread_ids: z.array(uuid).max(1000),
  strategy: z.enum(["delete", "keep_latest"]).default("delete"),
});
/** Where a state is kept. */
export interface WireCheckpoint {
  thread_id: string;
  checkpoint_id: string | null;
  checkpoint_ns: string;
  checkpoint_map: JsonObject | null;
}
/** A state of a thread as the API shows it. */
export interface WireState {
  values: unknown;
  next: string[];
  tasks: JsonObject[];
  metadata: JsonObject;
  created_at: string | null;
  checkpoint: WireCheckpoint;
  parent_checkpoint: WireCheckpoint | null;
  interrupts: unknown[];
}

/** The state of a subgraph, within that of its parent. */
export type NestedState = Omit<WireState, "interrupts"> & { interrupts?: unknown[] };

/** Where the subgraph of a task has its state, as far as LangGraph tells. */
export type TaskCheckpoint = Pick<WireCheckpoint, "thread_id" | "checkpoint_ns"> &
  Partial<{ checkpoint_id: string; checkpoint_map: JsonObject }>;

/** The fields that are asked for; all when none is named. */
export type StateSelection = readonly string[] | undefined;
