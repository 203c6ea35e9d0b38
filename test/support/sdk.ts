/** The official clients in both of the versions that the tests drive, unchanged, at the HTTP edge. */
import { Client } from "@langchain/langgraph-sdk";
import { Client as Client2 } from "sdk-2";
import { edgeFetch } from "./edge";

export const sdkOptions = (fetcher = edgeFetch) => ({
  apiUrl: "http://edge",
  apiKey: "unused",
  callerOptions: { fetch: fetcher, maxRetries: 0 },
});

/** For `describe.each`: a version, and what makes a client of it. */
export const SDKS = [
  ["1.15", (fetcher = edgeFetch) => new Client(sdkOptions(fetcher)) as unknown as Client2],
  ["2.0", (fetcher = edgeFetch) => new Client2(sdkOptions(fetcher))],
] as const;

/** A part of a stream. */
export interface Part {
  id?: string;
  event: string;
  data: unknown;
}

/** Reads a stream to its end. */
export async function all(stream: AsyncIterable<unknown>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of stream) parts.push(part as Part);
  return parts;
}
