/** Requests and answers about runs. Streams are in `stream.ts`. */
import { z } from "zod";
import {
  answeredId,
  answeredInstant,
  answerNames,
  ASSISTANT_ID_MEANING,
  assistantId,
  jsonObject,
  listOf,
  metadataFilter,
  optional,
  paging,
  queryBoolean,
  queryPaging,
  requestNames,
  SELECT_MEANING,
  uuid,
} from "../fields";
import { keptPayloadFields, multitaskStrategy, nullAsAbsent, payloadFields } from "./payload";
import { CANCEL_ON_DISCONNECT_MEANING } from "./stream";

/** The states of docs/run-lifecycle.md. */
export const runStatus = z
  .enum(["pending", "running", "error", "success", "timeout", "interrupted"])
  .register(answerNames, { id: "RunStatus" });
export type RunStatus = z.output<typeof runStatus>;
/** The status of a run that has ended. */
export type FinalStatus = Exclude<RunStatus, "pending" | "running">;

/** What went wrong, in the form that the SDKs raise. */
export const runError = z
  .strictObject({ error: z.string(), message: z.string() })
  .register(answerNames, { id: "RunError" });
export type RunError = z.output<typeof runError>;

/** An attempt at a run after which another one was made. */
export const earlierAttempt = z
  .strictObject({
    attempt: z.int().meta({ description: "Its number; the first is 1." }),
    ended_at: answeredInstant.nullable().meta({ description: "Null when the attempt ended with its host." }),
    error: runError.nullable().meta({
      description:
        "What went wrong, as far as 1,000 characters say it. Null when the attempt ended with its host.",
    }),
  })
  .register(answerNames, { id: "EarlierAttempt" });
export type EarlierAttempt = z.output<typeof earlierAttempt>;

/** How far the calling of a run's webhook has got. */
export const webhookDelivery = z
  .strictObject({
    status: z.enum(["pending", "delivered", "failed"]),
    attempts: z.int().meta({ description: "Calls so far." }),
    last_error: z.string().nullable().meta({
      description:
        "What was wrong with the last call that failed. Null when no call has failed, or one was answered.",
    }),
    next_attempt_at: answeredInstant.nullable().meta({
      description: "Null before the run has ended, and when no further call follows.",
    }),
  })
  .register(answerNames, { id: "WebhookDelivery" });
export type WebhookDelivery = z.output<typeof webhookDelivery>;

export const tokenUsage = z
  .strictObject({
    input_tokens: z.int().meta({ description: "Tokens that models were sent." }),
    output_tokens: z.int().meta({ description: "Tokens that models answered with." }),
  })
  .register(answerNames, { id: "TokenUsage" });

/** Tokens as code counts them; {@link tokenUsage} is their form on the wire. */
export interface TokenUsage {
  /** Tokens that models were sent. */
  inputTokens: number;
  /** Tokens that models answered with. */
  outputTokens: number;
}

export const run = z
  .strictObject({
    run_id: answeredId,
    thread_id: answeredId,
    assistant_id: answeredId,
    created_at: answeredInstant,
    updated_at: answeredInstant,
    status: runStatus,
    metadata: jsonObject,
    kwargs: jsonObject,
    multitask_strategy: multitaskStrategy,
    error: runError.optional().meta({
      description:
        "What went wrong. There only when something did, also while the run waits for its next attempt.",
    }),
    webhook: webhookDelivery.optional().meta({ description: "There only when the run has a webhook." }),
    attempts: z.int().optional().meta({
      description:
        "How many attempts began. Not there for runs that ended under a version that did not count them.",
    }),
    earlier_attempts: z.array(earlierAttempt).optional().meta({
      description: "The attempts before the last one, oldest first. There only when there were any.",
    }),
    usage: tokenUsage.optional().meta({
      description: "The tokens that all attempts used. There only when a model said how many it used.",
    }),
  })
  .register(answerNames, { id: "Run" });
export type Run = z.output<typeof run>;

/** In place of a run's values, when it failed. */
export const runFailure = z.strictObject({ __error__: runError }).register(answerNames, { id: "RunFailure" });

/** The end of a run that was waited for: the values of its state, in whatever form the graph gives them, or the failure. */
export const runResult = z.union([runFailure, z.unknown()]);

/** Any JSON, or nothing: `z.unknown()` alone would ask for the key. */
const anything = z.unknown().optional();

/** How LangGraph's own classes name themselves as JSON, which is how RemoteGraph sends them. */
const lgName = (name: string) => optional(z.literal(name));

const send = z
  .strictObject({
    node: z.string(),
    input: anything,
    lg_name: lgName("Send"),
    args: anything,
    timeout: anything,
  })
  .transform(({ node, input, args }) => ({ node, input: input === undefined ? args : input }));
const goto = z.union([z.string(), send]);

export const command = z
  .strictObject({
    lg_name: lgName("Command"),
    update: z.union([jsonObject, z.array(z.tuple([z.string(), z.unknown()]))]).nullish(),
    resume: anything,
    goto: z.union([goto, z.array(goto)]).nullish(),
    /** Python's SDKs before 0.1.43 send the nodes to go to that have an input of their own in this field. */
    send: z.union([send, z.array(send)]).nullish(),
  })
  .transform(({ update, resume, goto, send }) => ({
    update,
    resume,
    goto: send == null ? goto : [goto ?? [], send].flat(),
  }))
  .register(requestNames, { id: "Command" });

/** A checkpoint of the thread that the request is about. */
export const checkpointReference = z.strictObject({
  thread_id: optional(z.string()),
  checkpoint_ns: optional(z.string()),
  checkpoint_id: optional(z.string()),
  checkpoint_map: optional(jsonObject),
});

const START_MEANING = { description: "The checkpoint to start from, in place of the latest one." };

/** The types of the JavaScript SDK have other words for the same. */
const onCompletion = z
  .enum(["delete", "keep", "complete", "continue"])
  .transform((word) => (word === "keep" || word === "continue" ? "keep" : "delete"));

/** Fields that are stored in the `kwargs` of the run as they came. */
const keptFields = {
  input: anything.meta({ description: "The input of the graph." }),
  command: optional(command).meta({
    description:
      "What the run goes on with in place of an input: an update, the answer to an interrupt, a node.",
  }),
  ...nullAsAbsent(keptPayloadFields),
  feedback_keys: optional(z.array(z.string())).meta({ description: "Accepted without effect." }),
  strict_resume: optional(z.boolean()).meta({
    description:
      "Whether a run that answers an interrupt which does not wait fails, and leaves the thread as it was. While another run goes on " +
      "with an answer to the same interrupt, the run is refused.",
  }),
  on_disconnect: optional(z.enum(["cancel", "continue"])).meta({
    description: "What becomes of the run when the client that waits for it disconnects.",
  }),
  on_completion: optional(onCompletion).meta({
    description: "For a stateless run: what becomes of its thread when the run has ended.",
  }),
};
/** The names of the fields that are stored in the `kwargs` of a run as they came. */
export const KEPT_FIELDS = Object.keys(keptFields) as (keyof typeof keptFields)[];
/** The fields that are stored in the `kwargs` of a run as they came. */
export type KeptFields = Partial<z.output<z.ZodObject<typeof keptFields>>>;

/** The body of every request that makes a run, on a thread or stateless. */
export const runCreate = z
  .strictObject({
    ...nullAsAbsent(payloadFields),
    ...keptFields,
    assistant_id: assistantId.meta({ description: ASSISTANT_ID_MEANING }),
    metadata: optional(jsonObject),
    multitask_strategy: optional(multitaskStrategy).meta({
      description: "What to do when the thread is busy with another run.",
    }),
    if_not_exists: optional(z.enum(["create", "reject"])).meta({
      description: "What to do when there is no such thread.",
    }),
    after_seconds: optional(z.number().min(0).max(31_536_000)).meta({
      description: "The run starts after this many seconds.",
    }),
    checkpoint: optional(checkpointReference).meta(START_MEANING),
    checkpoint_id: optional(z.string()).meta(START_MEANING),
    langsmith_tracer: optional(jsonObject).meta({ description: "Accepted without effect." }),
    langsmith_tracing: optional(jsonObject).meta({ description: "Accepted without effect." }),
  })
  .register(requestNames, { id: "RunCreate" });
export type RunCreate = z.output<typeof runCreate>;

/** The body of a request that waits for its run. */
export const runWait = z
  .strictObject({
    ...runCreate.shape,
    // Python's synchronous client sends along what it will do itself when the run has failed.
    raise_error: optional(z.boolean()).meta({
      description: "Accepted without effect: it says what the client does when the run has failed.",
    }),
  })
  .register(requestNames, { id: "RunWait" });

/** Fields of the JavaScript SDK's own options, which it sends although only the SDK has a use for them. */
const CLIENT_ONLY = new Set(["signal", "_langsmithTracer"]);

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The JavaScript SDKs send a batch as their caller wrote it, in camel case, with `assistant_id` added. */
function fromCamelCase(item: unknown): unknown {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
  const entries = Object.entries(item).filter(([key]) => !CLIENT_ONLY.has(key));
  const renamed = entries.map(([key, value]): [string, unknown] => {
    const name = snakeCase(key);
    return [name in runCreate.shape ? name : key, value];
  });
  return {
    ...Object.fromEntries(renamed),
    ...Object.fromEntries(entries.filter(([key]) => key in runCreate.shape)),
  };
}

export const runBatch = z
  .array(z.preprocess(fromCamelCase, runCreate))
  .min(1)
  .max(100)
  .register(requestNames, { id: "RunBatch" });

export const runList = z.strictObject({
  ...queryPaging,
  status: runStatus.optional(),
  select: listOf(run.keyof()).optional().meta(SELECT_MEANING),
});

export const runSearch = z
  .strictObject({
    ...paging,
    metadata: metadataFilter,
    status: optional(runStatus),
    thread_id: optional(uuid),
    assistant_id: optional(assistantId).meta({ description: ASSISTANT_ID_MEANING }),
    /** The open Agent Protocol's word for an assistant. */
    agent_id: optional(assistantId).meta({ description: "Another name of `assistant_id`." }),
    created_after: optional(z.iso.datetime({ offset: true, local: true })),
    created_before: optional(z.iso.datetime({ offset: true, local: true })),
    sort_order: optional(z.enum(["asc", "desc"])),
    select: optional(z.array(run.keyof())).meta(SELECT_MEANING),
  })
  .register(requestNames, { id: "RunSearch" });
export type RunSearch = z.output<typeof runSearch>;

export const cancelQuery = z.strictObject({
  wait: queryBoolean.default(false).meta({ description: "Whether to answer only when the run has ended." }),
  action: z.enum(["interrupt", "rollback"]).default("interrupt"),
  reason: z.string().optional().meta({ description: "Accepted without effect." }),
});

export const joinQuery = z.strictObject({
  cancel_on_disconnect: queryBoolean.default(false).meta(CANCEL_ON_DISCONNECT_MEANING),
});

export const runsCancel = z
  .strictObject({
    status: optional(z.enum(["pending", "running", "all"])).meta({ description: "All runs of this status." }),
    thread_id: optional(uuid),
    run_ids: optional(z.array(uuid).min(1).max(1000)).meta({ description: "These runs." }),
  })
  .register(requestNames, { id: "RunsCancel" });
