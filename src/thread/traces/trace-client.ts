/**
 * The client of LangSmith that sends the traces of one object. It is LangSmith's own client, set up so that an endpoint that is down,
 * slow or wrong costs little: few attempts, short time limits, and little memory for what waits.
 */
import { Client } from "langsmith";
import { z } from "zod";
import { within } from "../../platform/deadline";
import { messageOf } from "../../platform/errors";
import { TRACE_CALL_MS } from "../../platform/time-limits";

/** Attempts at one request after the first one. */
const MAX_RETRIES = 2;
/** Bytes of traces that may wait to be sent. Further ones are dropped. The graphs of the object need the memory, too. */
const MAX_WAITING_BYTES = 16_000_000;
/** Seconds that an endpoint with too many requests may have the client wait. An object that waits stays awake. */
const MAX_RETRY_AFTER_S = 5;
/** How long the client waits for what the endpoint says of itself. */
const INFO_CALL_MS = 3_000;

type CreateRun = Parameters<Client["createRun"]>;
type UpdateRun = Parameters<Client["updateRun"]>;
/** A part of a trace, which LangSmith calls a run: its ids, and those of the parts above it. */
type TracePart = Partial<Record<"id" | "trace_id" | "parent_run_id" | "dotted_order" | "name", string>>;

/** How a trace is sent. LangChain gives it the id of the run and the name of the graph's class. */
export interface TraceLabel {
  traceId: string;
  name: string;
}

export class TraceClient extends Client {
  /** By the id of a run: how the trace of its present attempt is sent. */
  private readonly labels = new Map<string, TraceLabel>();
  /** The requests with traces that have failed. */
  readonly failures: Readonly<Failures>;

  /** @throws when a variable of LangSmith has a value that it cannot have */
  constructor(config: ConstructorParameters<typeof Client>[0] = {}) {
    const failures: Failures = { count: 0, last: "" };
    super({
      timeout_ms: TRACE_CALL_MS,
      callerOptions: { maxRetries: MAX_RETRIES },
      maxIngestMemoryBytes: MAX_WAITING_BYTES,
      // No run waits for its trace, whatever LANGSMITH_TRACING_BACKGROUND says.
      blockOnRootRunFinalization: false,
      disablePromptCache: true,
      fetchImplementation: (input, init) => callEndpoint(input, init, failures),
      ...config,
    });
    this.failures = failures;
  }

  /** Sends what follows of the run with this label. @returns forgets the label */
  label(runId: string, label: TraceLabel): () => void {
    this.labels.set(runId, label);
    return () => {
      // The run's next attempt may be under way already.
      if (this.labels.get(runId) === label) this.labels.delete(runId);
    };
  }

  override async createRun(run: CreateRun[0], options?: CreateRun[1]): Promise<void> {
    await super.createRun(this.labelled(run), options);
  }

  override async updateRun(runId: string, run: UpdateRun[1], options?: UpdateRun[2]): Promise<void> {
    const { id, ...fields } = this.labelled({ ...run, id: runId });
    await super.updateRun(id, fields, options);
  }

  /** A part of a trace, with the id and the name that the label of its trace gives. */
  private labelled<Part extends TracePart>(part: Part): Part {
    const runId = part.trace_id;
    const label = runId === undefined ? undefined : this.labels.get(runId);
    if (runId === undefined || label === undefined) return part;
    const { traceId, name } = label;
    const renamed = (id: string | undefined): string | undefined => (id === runId ? traceId : id);
    return {
      ...part,
      ...(part.id === runId ? { name } : {}),
      id: renamed(part.id),
      trace_id: traceId,
      parent_run_id: renamed(part.parent_run_id),
      dotted_order: part.dotted_order?.replace(runId, traceId),
    };
  }
}

/** Requests that have failed. Some of them are made again and succeed. */
interface Failures {
  count: number;
  /** Why the last one failed. */
  last: string;
}

function note(failures: Failures, reason: string): void {
  failures.count++;
  failures.last = reason;
}

/** What an endpoint says of itself, as far as the client heeds it. What is not understood is left out. */
const endpointInfo = z
  .looseObject({
    instance_flags: z.looseObject({}).optional().catch(undefined),
    batch_ingest_config: z
      .object({
        use_multipart_endpoint: z.boolean(),
        size_limit: z.number().int().min(1),
        size_limit_bytes: z.number().int().min(1),
      })
      .partial()
      .optional()
      .catch(undefined),
  })
  .catch({});

/** Makes a request of the client. A request that sends traces and fails is noted in `failures`. */
async function callEndpoint(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  failures: Failures,
): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input);
  if (url.endsWith("/info")) return readInfo(url, init);
  try {
    const response = await fetch(url, init);
    if (!response.ok) note(failures, `LangSmith answered with ${response.status}`);
    return response.status === 429 ? withShortRetryAfter(response) : response;
  } catch (error) {
    note(failures, messageOf(error));
    throw error;
  }
}

/**
 * Asks what the endpoint can do. Without an answer the client is told nothing, and takes what every endpoint can do: it would ask
 * again before each request otherwise, and try each time for half a minute.
 */
async function readInfo(url: string, init: RequestInit | undefined): Promise<Response> {
  try {
    const response = await within(INFO_CALL_MS, "LangSmith", fetch(url, init));
    if (response.ok) return Response.json(endpointInfo.parse(await response.json()));
    await response.body?.cancel();
  } catch {
    // If the endpoint cannot be reached, the request that sends traces fails, too.
  }
  return Response.json({});
}

function withShortRetryAfter(response: Response): Response {
  const headers = new Headers(response.headers);
  const seconds = Number.parseInt(headers.get("retry-after") ?? "", 10);
  headers.set("retry-after", String(Math.min(seconds >= 0 ? seconds : Infinity, MAX_RETRY_AFTER_S)));
  return new Response(response.body, { status: response.status, headers });
}
