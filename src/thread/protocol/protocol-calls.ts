/** The calls of a thread object for the thread protocol: start a run, stream the events of all runs, and what a thread waits for. */
import type { NewRun } from "../../calls/run";
import type { PendingInput, ThreadProtocolCalls } from "../../calls/thread-calls";
import { CHANNELS, type AgentTree, type EventsFilter } from "../../wire/protocol/events";
import type { Run } from "../../wire/runs/run";
import { requireWaiting } from "../runs/one-answer";
import type { RunCalls } from "../runs/run-calls";
import type { RunQueue } from "../runs/run-queue";
import { readSnapshot } from "../state/thread-state";
import { eventStream } from "../streams/sse";
import type { SentEvent } from "../streams/sent-event";
import type { ThreadContext } from "../thread-context";
import { agentTree } from "./agent-tree";
import { passesEventsFilter } from "./protocol-event";
import { listeningInPython, PythonTeller } from "./python-view";
import { prepareReplay } from "./replay";
import { visibility } from "./visibility";

export class ProtocolCalls implements ThreadProtocolCalls {
  constructor(
    private readonly context: ThreadContext,
    private readonly queue: RunQueue,
    private readonly runCalls: RunCalls,
  ) {}

  /** See `thread-calls.ts`. */
  async startRun(run: NewRun): Promise<number> {
    await requireWaiting(this.context, run);
    const answering = await this.asAnswer(run);
    // Another run may have begun while the state was read. That one is the answer, and this one comes after it.
    const isLate = answering !== run && this.context.threads.find(run.threadId)?.status !== "interrupted";
    const position = this.context.events.position();
    this.runCalls.takeIn(isLate ? run : answering, null);
    return position;
  }

  /** See `thread-calls.ts`. */
  async createAnswer(run: NewRun): Promise<Run> {
    await requireWaiting(this.context, run);
    return this.runCalls.createRun(run);
  }

  /** See `thread-calls.ts`. */
  async pendingInput(threadId: string): Promise<PendingInput> {
    await this.untilAsked(threadId);
    const thread = this.context.requireThread(threadId);
    const { assistant_id: assistantId } = thread.metadata;
    const { interrupts } = await readSnapshot(this.context.storage, thread);
    return {
      assistantId: typeof assistantId === "string" ? assistantId : null,
      interruptIds: Object.values(interrupts)
        .flat()
        .map(({ id }) => id ?? null),
    };
  }

  /** See `thread-calls.ts`. */
  async agentTree(threadId: string): Promise<AgentTree | null> {
    if (!this.context.hasTables()) return null;
    const thread = this.context.threads.find(threadId);
    if (thread === undefined || thread.deleted) return null;
    const { graph_id: graphId } = thread.metadata;
    if (typeof graphId !== "string") return null;
    const replay = await prepareReplay(this.context, threadId, { since: undefined, lastEventId: undefined });
    const status = thread.status === "busy" ? "running" : (thread.lastRun?.status ?? "completed");
    return agentTree(replay(EVERYTHING), { status, graph_name: graphId });
  }

  /** See `thread-calls.ts`. */
  async streamEvents(
    threadId: string,
    filter: EventsFilter,
    { lastEventId, visible, isPython }: Parameters<ThreadProtocolCalls["streamEvents"]>[2],
  ): Promise<ReadableStream<Uint8Array>> {
    if (this.context.hasTables() && this.context.runs.unfinishedIds(threadId).length > 0)
      this.queue.startDue();
    const replay = await prepareReplay(this.context, threadId, { since: filter.since, lastEventId });
    const isVisible = visibility(this.context, threadId, visible);
    const earlier = replay(filter, { isPython });
    return eventStream({
      listen: (listener) => {
        if (!isPython) return this.context.events.listenByProtocol(threadId, listener);
        const teller = new PythonTeller(listener);
        const tell = (event: SentEvent): void => {
          teller.tell(event);
        };
        earlier.forEach(tell);
        const unlisten = this.context.events.listenByProtocol(threadId, listeningInPython(tell));
        return () => {
          teller.stop();
          unlisten();
        };
      },
      replay: isPython ? [] : earlier,
      opensAtOnce: true,
      includes: (event: SentEvent) => passesEventsFilter(event, filter) && isVisible(),
    });
  }

  /** The run, with its input as the answer to the interrupt at which the thread waits, if it does. */
  private async asAnswer(run: NewRun): Promise<NewRun> {
    const { input, ...kwargs } = run.kwargs;
    const isFork = kwargs.config.configurable.checkpoint_id !== undefined;
    if (input === undefined || input === null || isFork || !this.context.hasTables()) return run;
    await this.untilAsked(run.threadId);
    const thread = this.context.hasTables() ? this.context.threads.find(run.threadId) : undefined;
    if (thread?.status !== "interrupted") return run;
    const { interrupts } = await readSnapshot(this.context.storage, thread);
    if (Object.keys(interrupts).length === 0) return run;
    return { ...run, kwargs: { ...kwargs, command: { update: undefined, goto: undefined, resume: input } } };
  }

  /** Waits for the end of a run that has asked its client something: the client may answer before the run has ended. */
  private async untilAsked(threadId: string): Promise<void> {
    if (this.context.feeds.get(threadId)?.hasAsked !== true) return;
    const [runId] = this.context.runs.unfinishedIds(threadId);
    // A run that is cut off is restarted by the alarm; what it has asked is read from the state in any case.
    await this.queue.outcome(runId ?? "")?.catch(() => undefined);
  }
}

/** All events of a thread. */
const EVERYTHING: EventsFilter = {
  channels: [...CHANNELS],
  namespaces: undefined,
  depth: undefined,
  since: undefined,
};
