/** A run that the server starts for another protocol, read event by event from the route that streams it. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { isJsonObject, type JsonObject } from "../platform/json";
import { RouteRefusal } from "./inner-routes";

/** What a stream of a run tells, in order. */
export type RunNews =
  | { kind: "began"; runId: string; threadId: string }
  /** Nodes have finished; by their names, what they wrote. */
  | { kind: "updates"; updates: JsonObject }
  /** A piece of a message that a model writes, with what LangGraph says of it. */
  | { kind: "message"; message: JsonObject; metadata: JsonObject }
  | { kind: "ended"; end: RunEnd };

/** How a run ended: with the values of its state, with questions to somebody, with an error. */
export type RunEnd =
  | { status: "success"; values: JsonObject }
  | { status: "interrupted"; values: JsonObject; interrupts: unknown[] }
  | { status: "error"; error: string; message: string };

/**
 * Reads the stream of a run to its end.
 * @param response of a route that starts a run and streams it
 * @throws RouteRefusal when the run was refused
 */
export async function* newsOf(response: Response): AsyncGenerator<RunNews> {
  if (!response.ok || response.body === null) {
    const { detail, code } = await response.json<JsonObject>();
    throw new RouteRefusal(response.status, String(detail), String(code));
  }
  const [, threadId = ""] = /^\/threads\/([^/]+)/.exec(response.headers.get("Content-Location") ?? "") ?? [];
  let values: JsonObject = {};
  let interrupts: unknown[] | undefined;
  let failure: JsonObject | undefined;
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { event, data: text } of events) {
    const data: unknown = JSON.parse(text);
    if (event === "metadata" && isJsonObject(data))
      yield { kind: "began", runId: String(data.run_id), threadId };
    else if (event === "error" && isJsonObject(data)) failure = data;
    else if (event === "updates" && isJsonObject(data)) yield { kind: "updates", updates: data };
    else if (event === "messages" && Array.isArray(data)) {
      const [message, metadata] = data as [JsonObject, JsonObject];
      yield { kind: "message", message, metadata };
    } else if (event === "values" && isJsonObject(data)) {
      if (Array.isArray(data.__interrupt__))
        interrupts = [...(interrupts ?? []), ...(data.__interrupt__ as unknown[])];
      else values = data;
    }
  }
  yield { kind: "ended", end: endOf(values, interrupts, failure) };
}

function endOf(
  values: JsonObject,
  interrupts: unknown[] | undefined,
  failure: JsonObject | undefined,
): RunEnd {
  if (failure !== undefined) {
    return { status: "error", error: String(failure.error), message: String(failure.message) };
  }
  return interrupts === undefined
    ? { status: "success", values }
    : { status: "interrupted", values, interrupts };
}
