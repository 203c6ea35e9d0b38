/** LangGraph's own client, for the routes that LangGraph has. Its calls go the same way as ours: see http.ts. */
import { Client } from "@langchain/langgraph-sdk/client";
import { API_URL, callServer } from "./http";

export const client = new Client({
  apiUrl: API_URL,
  // The credentials are added to each call, since the user may change them.
  apiKey: null,
  callerOptions: { fetch: callServer, maxRetries: 0, maxConcurrency: 8 },
});
