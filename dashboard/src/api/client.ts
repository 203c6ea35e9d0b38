/**
 * LangGraph's own client, for the routes that LangGraph has. Its calls go the same way as ours: see http.ts. It is large, so it is loaded when
 * it is first needed.
 */
import type { Client } from "@langchain/langgraph-sdk/client";
import { API_URL, callServer } from "./http";

let client: Promise<Client> | undefined;

export const sdk = (): Promise<Client> => (client ??= load());

async function load(): Promise<Client> {
  const { Client: SdkClient } = await import("@langchain/langgraph-sdk/client");
  return new SdkClient({
    apiUrl: API_URL,
    // The credentials are added to each call, since the user may change them.
    apiKey: null,
    callerOptions: { fetch: callServer, maxRetries: 0, maxConcurrency: 8 },
  });
}
