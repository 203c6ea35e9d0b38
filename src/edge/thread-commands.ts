/** Answers the commands of the thread protocol. What is wrong with a command is said in its answer. */
import type { PendingInput, ThreadCalls } from "../calls/thread-calls";
import { check } from "../platform/check";
import { asDomainError } from "../platform/errors";
import { isJsonObject } from "../platform/json";
import { runCreate, type RunCreate } from "../wire/runs/run";
import {
  getTreeParams,
  inputRespondParams,
  listCheckpointsParams,
  refusal,
  runStartParams,
  stateForkParams,
  stateGetParams,
  type CommandAnswer,
  type ProtocolCommand,
  type ProtocolErrorCode,
} from "../wire/protocol/commands";
import type { EdgeContext } from "./caller";
import type { Permissions } from "./permissions";
import { requestRun } from "./request-run";

type Access = Permissions<"threads:read" | "threads:create_run" | "assistants:read">;

/** A command under way: who sends it, and to which thread. */
interface Request {
  c: EdgeContext;
  access: Access;
  threadId: string;
  /** The object of the thread, as far as the caller may read the thread. */
  thread: ThreadCalls;
  params: unknown;
}

/** What came of a command. */
interface Result {
  result: Record<string, unknown>;
  /** The number of the last event that had happened before. */
  seq?: number;
}

/** The command is refused. */
class Refused extends Error {
  constructor(
    readonly code: ProtocolErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const COMMANDS: Partial<Record<string, (request: Request) => Promise<Result>>> = {
  "run.start": startRun,
  "input.respond": respond,
  "agent.getTree": getTree,
  "state.get": getState,
  "state.listCheckpoints": listCheckpoints,
  "state.fork": fork,
  "input.inject": async () => {
    throw new Refused(
      "not_supported",
      "a run takes no input while it goes on; start another run, which waits for this one",
    );
  },
  "subscription.subscribe": onSocketOnly,
  "subscription.unsubscribe": onSocketOnly,
  "subscription.reconnect": async () => {
    throw new Refused(
      "not_supported",
      "subscribe again with since: the seq of the last event that was received",
    );
  },
};

async function onSocketOnly(): Promise<Result> {
  throw new Refused(
    "not_supported",
    "subscriptions are for a WebSocket; POST …/stream/events has a filter of its own",
  );
}

/**
 * Carries out a command.
 * @throws thread.not_found when the state is asked for; request.forbidden, AuthRefusal
 */
export async function answerCommand(
  c: EdgeContext,
  access: Access,
  threadId: string,
  { id, method, params }: ProtocolCommand,
): Promise<CommandAnswer> {
  const thread = await access.thread("threads:read", threadId);
  const carryOut = Object.hasOwn(COMMANDS, method) ? COMMANDS[method] : undefined;
  if (carryOut === undefined) return refusal(id, "unknown_command", `there is no command "${method}"`);
  try {
    const { result, seq } = await carryOut({ c, access, threadId, thread, params: params ?? {} });
    const meta = { thread_id: threadId, ...(seq === undefined ? {} : { applied_through_seq: seq }) };
    return { type: "success", id, result, meta };
  } catch (error) {
    if (error instanceof Refused) return refusal(id, error.code, error.message);
    const code = codeOf(error, method);
    if (code === undefined) throw error;
    return refusal(id, code, asDomainError(error)?.detail ?? "");
  }
}

/** The word of the protocol for a refusal; undefined for those that are answered as everywhere else. */
function codeOf(error: unknown, method: string): ProtocolErrorCode | undefined {
  const { code } = asDomainError(error) ?? {};
  if (code === "thread.not_found") return method === "agent.getTree" ? "no_such_run" : undefined;
  if (code === "run.exists") return "no_such_interrupt";
  const isArgument = [
    "request.invalid",
    "request.too_large",
    "assistant.not_found",
    "run.conflict",
    "thread.invalid",
  ];
  return code !== undefined && isArgument.includes(code) ? "invalid_argument" : undefined;
}

async function startRun(request: Request): Promise<Result> {
  const { assistant_id, input, config, metadata, ...strategy } = check(runStartParams, request.params, [
    "params",
  ]);
  const multitask_strategy = strategy.multitask_strategy ?? strategy.multitaskStrategy;
  const fields = { assistant_id, config, metadata, multitask_strategy };
  return start(request, isCommand(input) ? { ...fields, command: input } : { ...fields, input });
}

/** Whether the input is a command of LangGraph, which RemoteGraph sends as the input. */
const isCommand = (input: unknown): input is NonNullable<RunCreate["command"]> =>
  isJsonObject(input) && input.lg_name === "Command";

/** Starts a run. Its events are kept, so that a client can go on with them wherever its connection broke. */
async function start(
  { c, access, threadId }: Request,
  fields: Partial<RunCreate> & Pick<RunCreate, "assistant_id">,
): Promise<Result> {
  const body = check(runCreate, { ...fields, if_not_exists: "create" }, ["params"]);
  const { run, thread } = await requestRun(c, access, body, threadId);
  try {
    const seq = await thread.startRun({ ...run, kwargs: { ...run.kwargs, protocol: true } });
    return { result: { run_id: run.runId }, seq };
  } catch (error) {
    const fault = asDomainError(error);
    const isFork = run.kwargs.config.configurable.checkpoint_id !== undefined;
    if (fault?.code !== "thread.not_found" || !isFork) throw error;
    throw new Refused("no_such_checkpoint", fault.detail);
  }
}

async function respond(request: Request): Promise<Result> {
  const { responses, update, goto, config, metadata } = check(inputRespondParams, request.params, ["params"]);
  const { assistantId, interruptIds } = await lastRun(request);
  if (interruptIds.length === 0) {
    throw new Refused("no_such_interrupt", "the thread waits for no answer: no run of it has stopped to ask");
  }
  const [first] = responses;
  const isNameless = interruptIds.every((id) => id === null);
  const unknown = responses.find(({ interrupt_id }) => !interruptIds.includes(interrupt_id));
  if (unknown !== undefined && !isNameless) {
    const waiting = interruptIds.join(", ");
    throw new Refused(
      "no_such_interrupt",
      `interrupt_id: no interrupt "${unknown.interrupt_id}" waits for an answer; waiting: ${waiting}`,
    );
  }
  const resume = isNameless
    ? first?.response
    : Object.fromEntries(responses.map(({ interrupt_id, response }) => [interrupt_id, response ?? null]));
  const command = { resume, update, goto };
  const strict = isNameless ? {} : { strict_resume: true };
  return start(request, { assistant_id: assistantId, command, config, metadata, ...strict });
}

async function fork(request: Request): Promise<Result> {
  const { checkpoint_id, input, config } = check(stateForkParams, request.params, ["params"]);
  const { assistantId } = await lastRun(request);
  const { result, seq } = await start(request, { assistant_id: assistantId, input, config, checkpoint_id });
  return { result: { ...result, thread_id: request.threadId }, seq };
}

/** The assistant of the thread's last run, and the interrupts at which the thread waits. @throws Refused when there was no run */
async function lastRun({ thread, threadId }: Request): Promise<PendingInput & { assistantId: string }> {
  const pending = await thread.pendingInput(threadId).catch((error: unknown) => {
    if (asDomainError(error)?.code !== "thread.not_found") throw error;
    throw noRun();
  });
  const { assistantId } = pending;
  if (assistantId === null) throw noRun();
  return { ...pending, assistantId };
}

const noRun = (): Refused => new Refused("no_such_run", "the thread has no run yet: send run.start first");

async function getTree({ thread, threadId, params }: Request): Promise<Result> {
  check(getTreeParams, params, ["params"]);
  const tree = await thread.agentTree(threadId);
  if (tree === null) throw noRun();
  return { result: { tree } };
}

async function getState({ thread, threadId, params }: Request): Promise<Result> {
  const { namespace = [], keys } = check(stateGetParams, params, ["params"]);
  const select = ["checkpoint", "created_at", ...(keys?.map((key) => `values.${key}`) ?? ["values"])];
  const state = await thread.getState(threadId, { ns: namespace.join("|"), subgraphs: false, select });
  if (namespace.length > 0 && state.created_at === null) throw noNamespace(namespace);
  const { checkpoint_id: id, checkpoint_ns: ns } = state.checkpoint ?? {
    checkpoint_id: null,
    checkpoint_ns: "",
  };
  return { result: { values: state.values ?? {}, ...(id === null ? {} : { checkpoint: { id, ns } }) } };
}

async function listCheckpoints({ thread, threadId, params }: Request): Promise<Result> {
  const { namespace = [], limit = 10, before } = check(listCheckpointsParams, params, ["params"]);
  const history = await thread.getHistory(threadId, {
    limit,
    before,
    metadata: undefined,
    checkpoint:
      namespace.length === 0 ? undefined : { checkpoint_ns: namespace.join("|"), checkpoint_id: undefined },
    select: ["checkpoint", "created_at", "metadata"],
  });
  const checkpoints = history.map(({ checkpoint, created_at, metadata }) => ({
    id: checkpoint?.checkpoint_id,
    timestamp: created_at,
    step: metadata?.step,
    metadata,
  }));
  return { result: { checkpoints } };
}

const noNamespace = (namespace: readonly string[]): Refused =>
  new Refused("no_such_namespace", `namespace: no subgraph ${JSON.stringify(namespace)} has a state`);
