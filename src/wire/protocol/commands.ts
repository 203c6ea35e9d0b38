/** The commands of the thread protocol and their parameters. Unknown parameters are ignored, as the protocol demands. */
import { z } from "zod";
import { answeredId, assistantId, jsonObject, limit, optional, requestNames } from "../fields";
import { multitaskStrategy, runConfig } from "../runs/payload";
import { command as runCommand } from "../runs/run";

/** A command. Its parameters are checked when its method is known. */
export const protocolCommand = z
  .looseObject({
    id: z.int().min(0).meta({ description: "The answer has the same id." }),
    method: z.string().max(200).meta({ description: "The name of the command, such as `run.start`." }),
    params: optional(jsonObject).meta({ description: "What the command is told." }),
  })
  .register(requestNames, { id: "ProtocolCommand" });
export type ProtocolCommand = z.output<typeof protocolCommand>;

/** Any JSON, or nothing. */
const anything = z.unknown().optional();
const namespace = optional(z.array(z.string()));
const config = optional(runConfig);
const metadata = optional(jsonObject);

/** A strategy that is not known counts as not given, as in LangGraph's own server. */
const strategy = optional(multitaskStrategy).catch(undefined);

export const runStartParams = z.looseObject({
  assistant_id: assistantId,
  input: anything,
  config,
  metadata,
  multitask_strategy: strategy,
  /** The JavaScript SDK's word for it. */
  multitaskStrategy: strategy,
});

const answer = z.looseObject({ namespace, interrupt_id: z.string().min(1), response: anything });

const resumption = {
  update: runCommand.in.shape.update,
  goto: runCommand.in.shape.goto,
  config,
  metadata,
};

export const inputRespondParams = z.union(
  [
    z.looseObject({ ...resumption, responses: z.array(answer).min(1).max(1000) }),
    z.looseObject({ ...resumption, ...answer.shape }).transform(({ interrupt_id, response, ...rest }) => ({
      ...rest,
      responses: [{ interrupt_id, response }],
    })),
  ],
  "expected an interrupt_id with its response, or responses: a list of these",
);

export const stateGetParams = z.looseObject({ namespace, keys: optional(z.array(z.string()).max(1000)) });

export const listCheckpointsParams = z.looseObject({
  namespace,
  limit: optional(limit),
  before: optional(z.string().min(1)),
});

export const stateForkParams = z.looseObject({ checkpoint_id: z.string().min(1), input: anything, config });

export const getTreeParams = z.looseObject({ run_id: optional(z.string()) });

export const unsubscribeParams = z.looseObject({ subscription_id: z.string() });

/** Why a command was refused. */
export type ProtocolErrorCode =
  | "invalid_argument"
  | "unknown_command"
  | "unknown_error"
  | "no_such_run"
  | "no_such_subscription"
  | "no_such_namespace"
  | "no_such_interrupt"
  | "no_such_checkpoint"
  | "permission_denied"
  | "not_supported";

/** The answer to a command. */
export const commandAnswer = z.union([
  z.strictObject({
    type: z.literal("success"),
    id: z.int(),
    result: jsonObject,
    meta: z.strictObject({
      thread_id: answeredId,
      applied_through_seq: z.int().optional().meta({
        description: "The `seq` of the last event before the run that the command has started.",
      }),
    }),
  }),
  z.strictObject({
    type: z.literal("error"),
    id: z.int().nullable(),
    error: z.string(),
    message: z.string(),
  }),
]);
export type CommandAnswer = z.output<typeof commandAnswer>;

/** The answer that refuses a command. @param id null when the command could not be read */
export const refusal = (id: number | null, error: ProtocolErrorCode, message: string): CommandAnswer => ({
  type: "error",
  id,
  error,
  message,
});
