/**
 * JSON-RPC over HTTP for A2A, in both versions of the protocol. The SDK is loaded with this file, which is imported when the first request of
 * A2A comes. So a server that is never asked for A2A does not load it.
 */
import { UnsupportedOperationError, VersionNotSupportedError } from "@a2a-js/sdk/errors";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { JsonRpcTransportHandler, ServerCallContext } from "@a2a-js/sdk/server";
import { isJsonObject, type JsonObject } from "../../platform/json";
import { Agent, type AgentPlace } from "./agent";
import { ofProtocol } from "./errors";
import { checkedParams } from "./params";

/** A stream on which nothing is sent gets a comment after so many ms each time: proxies close connections that are silent. */
const KEEP_ALIVE_MS = 15_000;

/** The version of a request without the header. */
const LEGACY = "0.3";

/**
 * Answers a request.
 * @param version that of the header `A2A-Version`
 */
export async function answerA2a(place: AgentPlace, body: JsonObject, version = LEGACY): Promise<Response> {
  try {
    if (!isLegacy(version) && !/^1\.0(?:\.|$)/.test(version)) {
      throw new VersionNotSupportedError({ message: `A2A-Version: expected 1.0 or 0.3, got ${version}` });
    }
    const sent = isJsonObject(body.params)
      ? { ...body, params: checkedParams(String(body.method), body.params) }
      : body;
    const agent = new Agent(place);
    const context = new ServerCallContext({ requestedVersion: version });
    const answer: unknown = isLegacy(version)
      ? await new LegacyJsonRpcTransportHandler(agent).handle(sent, context)
      : await new JsonRpcTransportHandler(agent).handle(sent, context);
    if (!isStream(answer)) return Response.json(answer);
    // What is refused at once is no stream.
    return streamOf(await answer.next(), answer, (error) => failureOf(body, version, error));
  } catch (error) {
    return Response.json(failureOf(body, version, error));
  }
}

const isLegacy = (version: string): boolean => /^0\.3(?:\.|$)/.test(version);

function failureOf(body: JsonObject, version = LEGACY, error: unknown): JsonObject {
  const mapped = isLegacy(version)
    ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(ofProtocol(error))
    : JsonRpcTransportHandler.mapToJSONRPCError(ofProtocol(error));
  const id = typeof body.id === "string" || typeof body.id === "number" ? body.id : null;
  return { jsonrpc: "2.0", id, error: mapped };
}

/** Refuses a request because of the assistant that it is for. */
export const refuseA2a = (body: JsonObject, version: string | undefined, reason: string): Response =>
  Response.json(failureOf(body, version, new UnsupportedOperationError({ message: reason })));

const isStream = (answer: unknown): answer is AsyncGenerator<unknown, void, undefined> =>
  typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;

/** Answers with server-sent events. When the client goes away, nothing more is read; the task goes on. */
function streamOf(
  first: IteratorResult<unknown>,
  rest: AsyncGenerator<unknown, void, undefined>,
  failed: (error: unknown) => JsonObject,
): Response {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setInterval> | undefined;
  let isLeft = false;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (text: string): void => {
        if (!isLeft) controller.enqueue(encoder.encode(text));
      };
      const sendData = (data: unknown): void => {
        send(`data: ${JSON.stringify(data)}\n\n`);
      };
      timer = setInterval(() => {
        send(": still running\n\n");
      }, KEEP_ALIVE_MS);
      try {
        if (first.done !== true) sendData(first.value);
        for await (const event of rest) sendData(event);
      } catch (error) {
        sendData(failed(error));
      } finally {
        clearInterval(timer);
        if (!isLeft) controller.close();
      }
    },
    async cancel() {
      isLeft = true;
      clearInterval(timer);
      await rest.return();
    },
  });
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
  });
}
