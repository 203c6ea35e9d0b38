/** A stand-in for LangSmith: it keeps what is sent to it, and answers as it is told to. */
import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, vi } from "vitest";
import type { JsonObject } from "../../src/platform/json";
import { until } from "./until";

/** A part of a trace, which LangSmith calls a run. */
export interface TracePart {
  id: string;
  trace_id: string;
  dotted_order: string;
  parent_run_id?: string;
  name: string;
  session_name: string;
  end_time?: number;
  inputs?: JsonObject;
  outputs?: JsonObject;
  error?: string;
  extra: { metadata: JsonObject };
}

/** A status, or a body that is no JSON, or a connection that breaks, or never an answer. */
type Reply = number | "garbage" | "breaks" | "hangs";

export interface LangSmith {
  /** Where it answers: another place in each test, because what an earlier test began to send may be sent again in a later one. */
  endpoint: string;
  /** The parts of all traces, in the order in which they began. */
  parts: () => TracePart[];
  /** The parts that are no part of another. */
  roots: () => TracePart[];
  /** Paths of the requests. */
  requests: string[];
  /** URLs of the requests to other hosts. */
  elsewhere: string[];
  /** The keys that were sent. */
  keys: Set<string | null>;
  /** The answer to what follows; 202 before it is set. */
  reply: Reply;
  /** What the endpoint says of itself. */
  info: JsonObject;
  /** Waits until so many traces have ended and arrived. */
  traces: (count: number) => Promise<TracePart[]>;
}

/** Sets the variables of LangSmith in each test, and answers the requests to it. */
export function langSmith(
  variables: Record<string, string> = {
    LANGSMITH_TRACING: "true",
    LANGSMITH_API_KEY: "lsv2_stand_in",
    LANGSMITH_PROJECT: "mornings",
  },
): LangSmith {
  const parts = new Map<string, TracePart>();
  const server: LangSmith = {
    endpoint: "",
    parts: () => [...parts.values()],
    roots: () => server.parts().filter(({ parent_run_id: parent }) => parent === undefined),
    requests: [],
    elsewhere: [],
    keys: new Set(),
    reply: 202,
    info: {},
    traces: async (count) => {
      await until(() => server.roots().filter(({ end_time: end }) => end !== undefined).length >= count);
      return server.roots();
    },
  };
  beforeEach(async () => {
    // An object keeps its client, and with it the endpoint of an earlier test. Crons share objects, by chance.
    await abortAllDurableObjects();
    server.endpoint = `https://${crypto.randomUUID()}.langsmith.example.com`;
    parts.clear();
    server.requests.length = 0;
    server.elsewhere.length = 0;
    server.keys.clear();
    server.reply = 202;
    server.info = {};
    // The server changes it when a variable is wrong.
    vi.stubEnv("LANGSMITH_TRACING_SAMPLING_RATE", undefined);
    vi.stubEnv("LANGSMITH_ENDPOINT", server.endpoint);
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const { origin, pathname } = new URL(request.url);
      if (origin !== server.endpoint) {
        server.elsewhere.push(request.url);
        return new Response();
      }
      server.requests.push(pathname);
      server.keys.add(request.headers.get("x-api-key"));
      if (server.reply === "hangs") return new Promise(() => undefined);
      if (server.reply === "breaks") throw new TypeError("connection refused");
      if (server.reply === "garbage") return new Response("<html>not what you think</html>");
      if (pathname === "/info") return Response.json(server.info, { status: server.reply });
      if (server.reply < 300) for (const [name, text] of await fieldsOf(request)) keep(parts, name, text);
      return Response.json({}, { status: server.reply });
    });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  return server;
}

/** The fields of a multipart body, which may be compressed. */
async function fieldsOf(request: Request): Promise<[string, string][]> {
  const isCompressed = request.headers.get("content-encoding") === "gzip";
  const body = isCompressed ? request.body?.pipeThrough(new DecompressionStream("gzip")) : request.body;
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  const form = await new Response(body, { headers }).formData();
  return Promise.all(
    [...form].map(async ([name, value]): Promise<[string, string]> => [
      name,
      typeof value === "string" ? value : await (value as Blob).text(),
    ]),
  );
}

/** A field is named `post.<id>` or `patch.<id>`, with the name of what is sent apart from the rest. */
function keep(parts: Map<string, TracePart>, field: string, text: string): void {
  const [, id = "", key] = field.split(".");
  const value = JSON.parse(text) as JsonObject;
  const before = parts.get(id);
  parts.set(id, { ...before, ...(key === undefined ? value : { [key]: value }) } as TracePart);
}
