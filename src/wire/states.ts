/** What clients may send about the state of a thread. */
import { z } from "zod";
import { uuid } from "../edge/request";
import { command, jsonObject, optional } from "./runs";
import { stateField } from "./state-selection";

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
