/** What the server has when the tests begin. A test that changes something makes what it changes itself. */
import { Client } from "@langchain/langgraph-sdk/client";

/** @param url where the server answers */
export async function seed(url: string): Promise<void> {
  const client = new Client({ apiUrl: url, apiKey: null });
  await client.crons.create("briefing", {
    schedule: "0 8 * * 1-5",
    timezone: "Europe/Berlin",
    metadata: { name: "Morning briefing" },
    input: { messages: [{ role: "user", content: "What matters today?" }] },
  });
}
