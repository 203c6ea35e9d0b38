/** Requests and answers about threads. Their states are in `state.ts`. */
import { z } from "zod";
import {
  answeredId,
  answeredInstant,
  answerNames,
  jsonObject,
  metadataFilter,
  optional,
  paging,
  requestNames,
  SELECT_MEANING,
  uuid,
} from "../fields";
import { interrupt, superstep } from "./state";
import { threadPart } from "./thread-part";
import { threadTtl, wireTtl } from "./ttl";

export const threadStatus = z
  .enum(["idle", "busy", "interrupted", "error"])
  .register(answerNames, { id: "ThreadStatus" });
export type ThreadStatus = z.output<typeof threadStatus>;

export const thread = z
  .strictObject({
    thread_id: answeredId,
    created_at: answeredInstant,
    updated_at: answeredInstant,
    metadata: jsonObject,
    status: threadStatus,
    config: jsonObject.meta({
      description: "What its runs were configured with. The configuration of the last run takes precedence.",
    }),
    error: z.string().nullable(),
    values: z.unknown().meta({
      description:
        "The values of its state. Null before the first run, and in a search when they have more than 250,000 bytes.",
    }),
    interrupts: z.record(z.string(), z.array(interrupt)).meta({
      description: "The interrupts that wait for an answer, by the id of their task.",
    }),
  })
  .register(answerNames, { id: "Thread" });
export type Thread = z.output<typeof thread>;

/** What the checkpoints say of a thread. */
export type ThreadSnapshot = Pick<Thread, "values" | "interrupts">;

export const threadWithTtl = z
  .strictObject({
    ...thread.shape,
    ttl: wireTtl.nullable().optional().meta({
      description: "Its time to live, null when it has none. There only when `include` asks for it.",
    }),
  })
  .register(answerNames, { id: "ThreadWithTtl" });
export type ThreadWithTtl = z.output<typeof threadWithTtl>;

export const foundThread = z
  .strictObject({
    ...thread.shape,
    extracted: jsonObject.optional().meta({
      description: "What `extract` asks for. There only when it asks for something.",
    }),
  })
  .register(answerNames, { id: "FoundThread" });
export type FoundThread = z.output<typeof foundThread>;

export const threadCreate = z
  .strictObject({
    thread_id: optional(uuid),
    metadata: optional(jsonObject),
    if_exists: optional(z.enum(["raise", "do_nothing"])).meta({
      description: "What to do when there is a thread with this id: answer 409, or answer with that thread.",
    }),
    ttl: optional(threadTtl).meta({
      description: "Minutes that the thread lives, alone or with what becomes of it then.",
    }),
    supersteps: optional(z.array(superstep).max(1000)).meta({
      description: "States that the thread begins with, each given by the updates that led to it.",
    }),
  })
  .register(requestNames, { id: "ThreadCreate" });
export type ThreadCreate = z.output<typeof threadCreate>;

export const threadPatch = z
  .strictObject({
    metadata: optional(jsonObject).meta({ description: "Merged into the metadata of the thread." }),
    ttl: threadTtl.nullish().meta({ description: "As at creation. Null removes the time to live." }),
  })
  .register(requestNames, { id: "ThreadPatch" });
export type ThreadPatch = z.output<typeof threadPatch>;

/** The JavaScript SDK repeats the parameter, and the Python SDK sends a list with commas. */
export const threadQuery = z.strictObject({
  include: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(",")))
    .pipe(z.array(z.enum(["ttl"])))
    .optional()
    .meta({ description: "`ttl`: the thread is shown with its time to live." }),
});

const filters = {
  metadata: metadataFilter,
  values: optional(jsonObject).meta({
    description:
      "Only those whose values contain all of these pairs. Values of more than 250,000 bytes are not searched.",
  }),
  status: optional(threadStatus),
  used_by_crons: optional(z.boolean()).meta({
    description: "True: only threads that a cron made, or that a cron runs on. False: only the others.",
  }),
};

export const threadCount = z.strictObject(filters).register(requestNames, { id: "ThreadCount" });
export type ThreadFilters = z.output<typeof threadCount>;

/** The fields of a thread, and `context`, which the SDKs offer and no thread has. */
const selectable = z.enum([...thread.keyof().options, "context"]);

export const threadSearch = z
  .strictObject({
    ...filters,
    ...paging,
    ids: optional(z.array(uuid).max(1000)),
    sort_by: optional(z.enum(["thread_id", "status", "created_at", "updated_at"])),
    sort_order: optional(z.enum(["asc", "desc"])),
    select: optional(z.array(selectable)).meta(SELECT_MEANING),
    extract: optional(
      z
        .record(z.string().min(1).max(200), threadPart)
        .refine((parts) => Object.keys(parts).length <= 10, "expected at most 10 paths"),
    ).meta({
      description:
        "What is added to each thread as `extracted`, by names: paths into its values, metadata, config or interrupts.",
    }),
  })
  .register(requestNames, { id: "ThreadSearch" });
export type ThreadSearch = z.output<typeof threadSearch>;

export const threadPrune = z
  .strictObject({
    thread_ids: z.array(uuid).max(1000),
    strategy: z.enum(["delete", "keep_latest"]).default("delete").meta({
      description: "Whether the threads are deleted, or keep only their latest state.",
    }),
  })
  .register(requestNames, { id: "ThreadsPrune" });
