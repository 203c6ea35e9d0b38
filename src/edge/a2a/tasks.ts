/** Tasks of A2A: what has become of a run. The context of a task is the run's thread. */
import { Role, TaskState, type Artifact, type Message, type Task, type TaskStatus } from "@a2a-js/sdk";
import { TaskNotFoundError } from "@a2a-js/sdk/errors";
import type { JsonObject } from "../../platform/json";
import { uuid } from "../../wire/fields";
import type { Run } from "../../wire/runs/run";
import type { Thread } from "../../wire/threads/thread";
import { bodyOf, RouteRefusal, type CallRoute } from "../inner-routes";
import { historyOf, messageOf, questionOf, textPart } from "./messages";

/** The key of a run's metadata that names the task which the run goes on with. The first run of a task has the task's id. */
export const TASK_KEY = "a2a_task";

/** A task, with the run that it has come to. */
export interface FoundTask {
  task: Task;
  runId: string;
  threadId: string;
  /** At which questions it has stopped. */
  interrupts: unknown[];
}

interface State {
  values: JsonObject | null;
  tasks: { interrupts?: unknown[] }[];
}

/** Whether nothing more happens by itself. */
export const isOver = ({ status }: Task): boolean => {
  const state = status?.state;
  return state !== TaskState.TASK_STATE_SUBMITTED && state !== TaskState.TASK_STATE_WORKING;
};

/**
 * Reads a task.
 * @param assistantId another assistant's task is none of this one
 * @throws TaskNotFoundError, also when the caller may not see the run
 */
export async function readTask(call: CallRoute, assistantId: string, taskId: string): Promise<FoundTask> {
  const noTask = new TaskNotFoundError({ message: `there is no task ${taskId}` });
  if (!uuid.safeParse(taskId).success) throw noTask;
  try {
    const get = async <T>(path: string): Promise<T> => bodyOf<T>(await call({ method: "GET", path }));
    const first = await get<Run>(`/runs/${taskId}`);
    const { thread_id: threadId } = first;
    if (first.assistant_id !== assistantId) throw noTask;
    const later = { thread_id: threadId, metadata: { [TASK_KEY]: taskId }, limit: 1 };
    const [last] = await bodyOf<Run[]>(await call({ method: "POST", path: "/runs/search", body: later }));
    const run = last === undefined ? first : await get<Run>(`/threads/${threadId}/runs/${last.run_id}`);
    const { status } = await get<Thread>(`/threads/${threadId}`);
    const own = { limit: 1, metadata: { run_id: run.run_id } };
    const history = await call({ method: "POST", path: `/threads/${threadId}/history`, body: own });
    const [state] = await bodyOf<State[]>(history);
    const isWaiting = run.status === "success" && status === "interrupted";
    const interrupts = isWaiting ? (state?.tasks ?? []).flatMap((one) => one.interrupts ?? []) : [];
    const values = state?.values ?? {};
    return { task: taskOf(taskId, run, values, interrupts), runId: run.run_id, threadId, interrupts };
  } catch (error) {
    throw error instanceof RouteRefusal && error.status === 404 ? noTask : error;
  }
}

function taskOf(taskId: string, run: Run, values: JsonObject, interrupts: unknown[]): Task {
  const ids = { taskId, contextId: run.thread_id };
  const history = historyOf(values, ids);
  const status = statusOf(run, interrupts, ids);
  const answer = history.at(-1);
  const isAnswered = status.state === TaskState.TASK_STATE_COMPLETED && answer?.role === Role.ROLE_AGENT;
  return {
    id: taskId,
    contextId: run.thread_id,
    status,
    artifacts: isAnswered ? [artifactOf(answer.messageId, answer.parts)] : [],
    history,
    metadata: undefined,
  };
}

function statusOf(run: Run, interrupts: unknown[], ids: { taskId: string; contextId: string }): TaskStatus {
  const at = (state: TaskState, message?: Message): TaskStatus => ({
    state,
    message,
    timestamp: run.updated_at,
  });
  const messageId = `${run.run_id}-status`;
  if (interrupts.length > 0)
    return at(TaskState.TASK_STATE_INPUT_REQUIRED, questionOf(interrupts, { ...ids, messageId }));
  switch (run.status) {
    case "pending":
      return at(TaskState.TASK_STATE_SUBMITTED);
    case "running":
      return at(TaskState.TASK_STATE_WORKING);
    case "success":
      return at(TaskState.TASK_STATE_COMPLETED);
    case "interrupted":
      return at(TaskState.TASK_STATE_CANCELED);
    case "error":
    case "timeout": {
      const text = run.error?.message ?? run.status;
      return at(
        TaskState.TASK_STATE_FAILED,
        messageOf(Role.ROLE_AGENT, [textPart(text)], { ...ids, messageId }),
      );
    }
  }
}

export const artifactOf = (artifactId: string, parts: Artifact["parts"]): Artifact => ({
  artifactId,
  name: "answer",
  description: "",
  parts,
  metadata: undefined,
  extensions: [],
});
