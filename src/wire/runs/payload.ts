/**
 * The fields of a run that a request for a run, a cron and a run by hand have in common. This is the only list of them: null
 * clears a field of a cron, and counts as absent elsewhere ({@link nullAsAbsent}).
 */
import { z } from "zod";
import { isPublicUrl } from "../../platform/public-url";
import { jsonObject, optional, requestNames } from "../fields";

/** What steers the execution is checked: with a `max_concurrency` of 0 no node would ever start. */
export const runConfig = z
  .looseObject({
    tags: optional(z.array(z.string())),
    recursion_limit: optional(z.number().int().min(1).max(10_000)).meta({
      description: "After this many supersteps the run ends with an error.",
    }),
    max_concurrency: optional(z.number().int().min(1)).meta({
      description: "How many nodes run at the same time.",
    }),
    run_name: optional(z.string()),
    metadata: optional(jsonObject).meta({ description: "Added to the traces of the run." }),
    configurable: optional(jsonObject),
  })
  .register(requestNames, { id: "RunConfig" });

export const streamModes = z.enum([
  "values",
  "messages",
  "messages-tuple",
  "tasks",
  "checkpoints",
  "updates",
  "events",
  "debug",
  "custom",
  "tools",
]);

export const STREAM_MODE_MEANING = { description: "What is streamed." };

const nodes = z.union([z.literal("*"), z.array(z.string())], 'expected "*" or a list of node names');

export const multitaskStrategy = z.enum(["reject", "rollback", "interrupt", "enqueue"]);
export type MultitaskStrategy = z.output<typeof multitaskStrategy>;

export const webhookUrl = z
  .string()
  .min(1)
  .max(65_536)
  .refine(isPublicUrl, "expected an absolute http(s) URL on a public host");

/** Fields that are stored in the `kwargs` of the run as they came. */
export const keptPayloadFields = {
  webhook: webhookUrl
    .nullish()
    .meta({ description: "The URL that the run is posted to when it has ended.", format: "uri" }),
  interrupt_before: nodes
    .nullish()
    .meta({ description: "Nodes before which the run stops; `*` is all nodes." }),
  interrupt_after: nodes
    .nullish()
    .meta({ description: "Nodes after which the run stops; `*` is all nodes." }),
  stream_mode: z
    .union([streamModes, z.array(streamModes)], "expected a stream mode or a list of them")
    .nullish()
    .meta(STREAM_MODE_MEANING),
  stream_subgraphs: z
    .boolean()
    .nullish()
    .meta({ description: "Whether the events of subgraphs are streamed too." }),
  stream_resumable: z.boolean().nullish().meta({
    description: "Whether events are kept, so that a client can go on with a stream that broke off.",
  }),
};

export const payloadFields = {
  ...keptPayloadFields,
  config: runConfig.nullish().meta({ description: "The configuration of the graph." }),
  context: jsonObject.nullish().meta({ description: "The static context of the graph." }),
  durability: z.enum(["sync", "async", "exit"]).nullish().meta({
    description:
      "When the state is written: before the next superstep begins, while the next superstep runs, or when the run ends.",
  }),
  checkpoint_during: z
    .boolean()
    .nullish()
    .meta({ description: "The older form of `durability`: true is `async`, false is `exit`." }),
};

/** The same fields, with null as absent. */
export const nullAsAbsent = <F extends Record<string, z.ZodType>>(fields: F): NullAsAbsent<F> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, field.transform((value) => value ?? undefined)]),
  ) as NullAsAbsent<F>;

type NullAsAbsent<F extends Record<string, z.ZodType>> = {
  [K in keyof F]: z.ZodPipe<F[K], z.ZodTransform<Exclude<z.output<F[K]>, null>, z.output<F[K]>>>;
};
