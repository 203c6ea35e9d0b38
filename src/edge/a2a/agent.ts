/** An assistant as an agent of A2A: answers the requests of the protocol by runs. Both versions of the protocol come here. */
import {
  TaskState,
  type AgentCard,
  type CancelTaskRequest,
  type GetTaskRequest,
  type SendMessageRequest,
  type StreamResponse,
  type SubscribeToTaskRequest,
  type Task,
} from "@a2a-js/sdk";
import {
  ExtendedAgentCardNotConfiguredError,
  PushNotificationNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  UnsupportedOperationError,
} from "@a2a-js/sdk/errors";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { asDomainError } from "../../platform/errors";
import { isJsonObject, type JsonObject } from "../../platform/json";
import { uuid } from "../../wire/fields";
import type { Run } from "../../wire/runs/run";
import { bodyOf, type CallRoute } from "../inner-routes";
import { newsOf } from "../inner-run";
import { textOf } from "../last-message";
import { eachInProtocol, inProtocol } from "./errors";
import { answerOf, textOfMessage, textPart } from "./messages";
import { artifactOf, isOver, readTask, TASK_KEY, type FoundTask } from "./tasks";

/** What the agent stands on. */
export interface AgentPlace {
  /** Calls the server's own routes as the caller. */
  call: CallRoute;
  /**
   * Starts a run that answers interrupts of a thread.
   * @param fields those of a request for a run
   * @returns the id of the run
   * @throws run.exists when one of them does not wait for an answer any more
   */
  answer: (threadId: string, fields: JsonObject) => Promise<string>;
  assistantId: string;
  card: JsonObject;
}

/** A task that goes on, by the run that it has come to. */
interface Going {
  taskId: string;
  runId: string;
  threadId: string;
}

const noPush = async (): Promise<never> => {
  throw new PushNotificationNotSupportedError();
};

export class Agent implements A2ARequestHandler {
  constructor(private readonly place: AgentPlace) {}

  readonly createTaskPushNotificationConfig = noPush;
  readonly getTaskPushNotificationConfig = noPush;
  readonly listTaskPushNotificationConfigs = noPush;
  readonly deleteTaskPushNotificationConfig = noPush;

  async getAgentCard(): Promise<AgentCard> {
    return this.place.card as unknown as AgentCard;
  }

  async getAuthenticatedExtendedAgentCard(): Promise<never> {
    throw new ExtendedAgentCardNotConfiguredError();
  }

  async listTasks(): Promise<never> {
    throw new UnsupportedOperationError({
      message: "tasks are not listed: search runs by POST /runs/search",
    });
  }

  sendMessage(request: SendMessageRequest): Promise<Task> {
    return inProtocol(() => this.send(request));
  }

  sendMessageStream(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    return eachInProtocol(this.sendAndFollow(request));
  }

  getTask({ id, historyLength }: Pick<GetTaskRequest, "id" | "historyLength">): Promise<Task> {
    return inProtocol(async () => withHistory((await this.find(id)).task, historyLength));
  }

  cancelTask({ id }: CancelTaskRequest): Promise<Task> {
    return inProtocol(() => this.cancel(id));
  }

  resubscribe({ id }: SubscribeToTaskRequest): AsyncGenerator<StreamResponse, void, undefined> {
    return eachInProtocol(this.followAgain(id));
  }

  private async send(request: SendMessageRequest): Promise<Task> {
    const going = await this.start(request);
    if (request.configuration?.returnImmediately !== true) {
      const path = `/threads/${going.threadId}/runs/${going.runId}/join`;
      await bodyOf(await this.place.call({ method: "GET", path }));
    }
    return this.getTask({ id: going.taskId, historyLength: request.configuration?.historyLength });
  }

  private async *sendAndFollow(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    yield* this.follow(await this.start(request), request.configuration?.historyLength);
  }

  private async cancel(id: string): Promise<Task> {
    const { task, threadId, runId } = await this.find(id);
    if (isOver(task)) throw new TaskNotCancelableError({ message: `the task ${id} does not go on` });
    const path = `/threads/${threadId}/runs/${runId}/cancel?wait=true`;
    const answer = await this.place.call({ method: "POST", path });
    if (!answer.ok) await bodyOf(answer);
    return this.getTask({ id });
  }

  private async *followAgain(id: string): AsyncGenerator<StreamResponse, void, undefined> {
    const { task, threadId, runId } = await this.find(id);
    if (isOver(task)) throw new UnsupportedOperationError({ message: `the task ${id} does not go on` });
    yield* this.follow({ taskId: id, runId, threadId });
  }

  private find(taskId: string): Promise<FoundTask> {
    const { call, assistantId } = this.place;
    return readTask(call, assistantId, taskId);
  }

  /** Starts the run that a message asks for: a new one, or the next one of a task that waits for an answer. */
  private async start({ message, configuration }: SendMessageRequest): Promise<Going> {
    if (configuration?.taskPushNotificationConfig !== undefined)
      throw new PushNotificationNotSupportedError();
    if (message === undefined) throw new RequestMalformedError({ message: "message: expected a message" });
    if (message.taskId !== "") {
      const { task, threadId, interrupts } = await this.find(message.taskId);
      if (message.contextId !== "" && message.contextId !== threadId) {
        throw new RequestMalformedError({ message: "message.contextId: expected that of the task" });
      }
      if (task.status?.state !== TaskState.TASK_STATE_INPUT_REQUIRED) throw asksNothing(task.id);
      const fields = { ...answering(interrupts, answerOf(message)), metadata: { [TASK_KEY]: task.id } };
      const runId = await this.place.answer(threadId, this.runFields(fields)).catch((error: unknown) => {
        if (asDomainError(error)?.code === "run.exists") throw asksNothing(task.id);
        throw error;
      });
      return { taskId: task.id, runId, threadId };
    }
    const threadId = message.contextId === "" ? uuid7() : message.contextId;
    if (!uuid.safeParse(threadId).success) {
      throw new RequestMalformedError({
        message: "message.contextId: expected the id of a thread, a UUID, or none",
      });
    }
    const messages = [{ role: "user", content: textOfMessage(message) }];
    const body = this.runFields({ input: { messages } });
    const answer = await this.place.call({ method: "POST", path: `/threads/${threadId}/runs`, body });
    const { run_id: runId } = await bodyOf<Run>(answer);
    return { taskId: runId, runId, threadId };
  }

  /** The fields of a run of this agent, with those that are its own. */
  private runFields(fields: JsonObject): JsonObject {
    return {
      assistant_id: this.place.assistantId,
      if_not_exists: "create",
      stream_mode: ["values", "messages-tuple"],
      ...fields,
    };
  }

  /** Tells what a task comes to, from its first event on, until it does not go on. */
  private async *follow(
    { taskId, runId, threadId }: Going,
    historyLength?: number,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const ids = { taskId, contextId: threadId };
    const begun = await this.getTask({ id: taskId, historyLength });
    const status = {
      state: TaskState.TASK_STATE_WORKING,
      message: undefined,
      timestamp: begun.status?.timestamp,
    };
    yield { payload: { $case: "task", value: { ...begun, status, artifacts: [] } } };
    const path = `/threads/${threadId}/runs/${runId}/stream?last_event_id=-1`;
    const told = new Set<string>();
    for await (const news of newsOf(await this.place.call({ method: "GET", path }))) {
      if (news.kind !== "message" || !isOfModel(news.message)) continue;
      const text = textOf(news.message.content);
      const id = String(news.message.id);
      if (text === "") continue;
      const artifact = artifactOf(id, [textPart(text)]);
      const value = { ...ids, artifact, append: told.has(id), lastChunk: false, metadata: undefined };
      told.add(id);
      yield { payload: { $case: "artifactUpdate", value } };
    }
    const { task } = await this.find(taskId);
    for (const artifact of task.artifacts) {
      const isNew = !told.has(artifact.artifactId);
      const last = isNew ? artifact : { ...artifact, parts: [] };
      const value = { ...ids, artifact: last, append: !isNew, lastChunk: true, metadata: undefined };
      yield { payload: { $case: "artifactUpdate", value } };
    }
    yield { payload: { $case: "statusUpdate", value: { ...ids, status: task.status, metadata: undefined } } };
  }
}

const asksNothing = (taskId: string): Error =>
  new UnsupportedOperationError({
    message: `message.taskId: the task ${taskId} does not ask for anything; without a taskId the message begins a new one`,
  });

const isOfModel = ({ type, id }: JsonObject): boolean =>
  (type === "ai" || type === "AIMessageChunk") && typeof id === "string";

/** The fields of a run that answers the interrupts, each of them the same. LangGraph before version 0.4 gives them no ids. */
function answering(interrupts: unknown[], answer: unknown): JsonObject {
  const ids = interrupts.filter(isJsonObject).flatMap(({ id }) => (typeof id === "string" ? [id] : []));
  if (ids.length < interrupts.length) return { command: { resume: answer } };
  return { command: { resume: Object.fromEntries(ids.map((id) => [id, answer])) }, strict_resume: true };
}

function withHistory(task: Task, length: number | undefined): Task {
  if (length === undefined) return task;
  return { ...task, history: length === 0 ? [] : task.history.slice(-length) };
}
