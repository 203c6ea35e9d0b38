/**
 * Sends the traces of an object to LangSmith, when the variables of LangSmith ask for them.
 *
 * LangChain would trace runs by itself, with one client for the whole isolate. Objects share an isolate, and an object can neither
 * wait for the requests of another object nor use its timers. So each object has a client of its own.
 */
import type { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { v7 } from "@langchain/core/utils/uuid";
import { runLogFields } from "../../calls/run";
import type { ThreadRecord } from "../../calls/thread";
import { isTracingEnabled } from "../../platform/config";
import { within } from "../../platform/deadline";
import type { JsonObject } from "../../platform/json";
import { logError, type LogFields } from "../../platform/log";
import { TRACES_SEND_MS } from "../../platform/time-limits";
import type { StoredRun } from "../runs/run-row";
import { TraceClient } from "./trace-client";
import { replaceWrongVariables } from "./wrong-variables";

/** The trace of one attempt at a run, or of one update of a state. */
export interface Trace {
  /** Callback handlers for the graph. Empty when nothing is to be traced. */
  readonly handlers: BaseCallbackHandler[];
  /** Sends the trace, now that the graph has ended. Returns at once and never throws. */
  readonly send: () => void;
}

const NO_TRACE: Trace = { handlers: [], send: () => undefined };

export class Traces {
  private client: TraceClient | undefined;
  /** The sending of traces that is under way. */
  private readonly sending = new Set<Promise<void>>();

  constructor(private readonly state: Pick<DurableObjectState, "waitUntil">) {}

  /** Begins the trace of an attempt at a run. */
  ofRun(run: StoredRun): Trace {
    replaceWrongVariables();
    if (!isTracingEnabled()) return NO_TRACE;
    const { config } = run.kwargs;
    const client = this.ownClient();
    const forgetLabel = client.label(run.runId, {
      // LangSmith takes an id only once, so each further attempt is a trace with an id of its own.
      traceId: run.attempts > 1 ? v7() : run.runId,
      name: typeof config.run_name === "string" && config.run_name !== "" ? config.run_name : run.graphId,
    });
    const metadata = {
      run_id: run.runId,
      thread_id: run.threadId,
      assistant_id: run.assistantId,
      graph_id: run.graphId,
      ...run.metadata,
      run_attempt: run.attempts,
    };
    return {
      handlers: [tracer(client, metadata)],
      send: this.sender(client, runLogFields(run), forgetLabel),
    };
  }

  /** Begins the trace of an update of a thread's state from outside a run. */
  ofUpdate({ threadId, metadata }: ThreadRecord): Trace {
    replaceWrongVariables();
    if (!isTracingEnabled()) return NO_TRACE;
    const client = this.ownClient();
    return {
      handlers: [tracer(client, { thread_id: threadId, graph_id: metadata.graph_id })],
      send: this.sender(client, { thread_id: threadId }),
    };
  }

  /** Whether nothing is being sent. */
  isIdle(): boolean {
    return this.sending.size === 0;
  }

  /** Settles when nothing is being sent. */
  async idle(): Promise<void> {
    while (this.sending.size > 0) await Promise.all(this.sending);
  }

  private ownClient(): TraceClient {
    return (this.client ??= new TraceClient());
  }

  /** Makes the function that sends a trace which begins now. */
  private sender(client: TraceClient, ids: LogFields, whenSent?: () => void): () => void {
    const failuresBefore = client.failures.count;
    return () => {
      const sending = this.sendAll(client, ids, failuresBefore).finally(() => {
        whenSent?.();
        this.sending.delete(sending);
      });
      this.sending.add(sending);
      this.state.waitUntil(sending);
    };
  }

  /** Sends all that the client has. Never throws. */
  private async sendAll(client: TraceClient, ids: LogFields, failuresBefore: number): Promise<void> {
    try {
      await within(TRACES_SEND_MS, "LangSmith", client.awaitPendingTraceBatches());
    } catch (error) {
      logError("a trace could not be sent in time", error, ids);
      // Later traces do not wait behind those that this client could not send.
      if (this.client === client) this.client = undefined;
      return;
    }
    const { count, last } = client.failures;
    if (count > failuresBefore) logError("a request with a trace has failed", new Error(last), ids);
  }
}

const tracer = (client: TraceClient, metadata: JsonObject): BaseCallbackHandler =>
  new LangChainTracer({
    client,
    metadata,
    // LangChain would otherwise call the handler from a queue that all objects of the isolate share.
    _awaitHandler: true,
  });
