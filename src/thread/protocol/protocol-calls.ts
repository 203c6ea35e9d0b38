/** The calls of a thread object for the thread protocol: start a run, stream the events of all runs, and what a thread waits for. */
import type { NewRun } from "../../calls/run";
import type { PendingInput, ThreadProtocolCalls } from "../../calls/thread-calls";
import { now } from "../../platform/clock";
import { CHANNELS, type AgentTree, type EventsFilter } from "../../wire/protocol/events";
import type { Run } from "../../wire/runs/run";
import { requireWaiting } from "../runs/one-answer";
import type { RunCalls } from "../runs/run-calls";
import type { RunQueue } from "../runs/run-queue";
import { readSnapshot } from "../state/thread-state";
import type { Listener } from "../streams/event-log";
import { eventStream } from "../streams/sse";
import type { SentEvent } from "../streams/sent-event";
import type { ThreadContext } from "../thread-context";
import { agentTree } from "./agent-tree";
import { HeldEnd } from "./held-end";
import { passesEventsFilter } from "./protocol-event";
import { listeningInPython, PythonTeller } from "./python-view";
import { prepareReplay } from "./replay";
import { isRunEnd } from "./run-events";
import { visibility } from "./visibility";

/**
 * How long a client must have listened before it is told the end of a run, when it asks for little and is about to ask for more. That takes one request,
 * or two. The JavaScript SDK first asks for the values alone, and then for what is read of the run. The hooks of LangChain ask for some namespaces,
 * and for more when they learn of subgraphs.
 */
export const NARROW_HOLD_MS = 250;

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
    const holdMs = endHoldMs(filter);
    const end = holdMs === 0 ? undefined : earlier.slice(-1).find(isRunEnd);
    return eventStream({
      listen: (listener) =>
        isPython
          ? this.tellPython(threadId, earlier, listener)
          : this.tell(threadId, { end, holdMs }, listener),
      replay: isPython ? [] : earlier.filter((event) => event !== end),
      opensAtOnce: true,
      includes: (event: SentEvent) => passesEventsFilter(event, filter) && isVisible(),
    });
  }

  /**
   * Tells a client the events that come. The end of a run is not told before the client has listened for so many ms.
   * @param end the end of a run that was before
   * @returns a function that ends it
   */
  private tell(
    threadId: string,
    { end, holdMs }: { end: SentEvent | undefined; holdMs: number },
    listener: Listener,
  ): () => void {
    const teller = new HeldEnd(listener);
    const since = now();
    if (end !== undefined) teller.hold(end, holdMs);
    const unlisten = this.context.events.listenByProtocol(threadId, (event) => {
      // The clock may have been set back since.
      const leftMs = Math.min(holdMs, since + holdMs - now());
      if (isRunEnd(event) && leftMs > 0) teller.hold(event, leftMs);
      else teller.tell(event);
    });
    return () => {
      teller.stop();
      unlisten();
    };
  }

  /** Tells a client in Python the earlier events, and then those that come. @returns a function that ends it */
  private tellPython(threadId: string, earlier: readonly SentEvent[], listener: Listener): () => void {
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

/**
 * How long the end of a run is held for a client that asks for some namespaces, or of all of them for the values alone. Others are told it at once,
 * and so is one that asks only how runs stand.
 */
function endHoldMs({ channels, namespaces }: EventsFilter): number {
  const further = channels.filter((channel) => channel !== "lifecycle" && channel !== "input");
  const asksForMore = namespaces !== undefined || further.every((channel) => channel === "values");
  return further.length > 0 && asksForMore ? NARROW_HOLD_MS : 0;
}

/** All events of a thread. */
const EVERYTHING: EventsFilter = {
  channels: [...CHANNELS],
  namespaces: undefined,
  depth: undefined,
  since: undefined,
};
