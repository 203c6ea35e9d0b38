/** How fast the thread protocol tells of a run: with commands and server-sent events, as its clients use it. */
import { send } from "./lines.mjs";

/** Words that the graph "talk" streams in a run, each as an event of its own. */
export const WORDS = 500;

/** @returns milliseconds from the command that starts the run until its first event was there */
export const firstProtocolEvent = (server) =>
  streamRun(server, { assistant: "echo" }).then(({ first }) => first);

/** @returns milliseconds until the run has ended, whose model has streamed {@link WORDS} words */
export async function allWords(server) {
  const { words, all } = await streamRun(server, { assistant: "talk" });
  if (words !== WORDS) throw new Error(`${server.name}: ${words} words arrived, and not ${WORDS}`);
  return all;
}

async function streamRun(server, { assistant }) {
  const path = `/threads/${crypto.randomUUID()}`;
  const input = { text: "hello", messages: [{ role: "user", content: "hello" }] };
  const begun = performance.now();
  const command = { id: 1, method: "run.start", params: { assistant_id: assistant, input } };
  const { result } = await (await send(server, `${path}/commands`, command)).json();
  if (typeof result?.run_id !== "string")
    throw new Error(`${server.name}: no run: ${JSON.stringify(result)}`);
  const filter = { channels: ["lifecycle", "messages", "values"] };
  const response = await send(server, `${path}/stream/events`, filter);
  const decoder = new TextDecoder();
  let [text, first, words] = ["", undefined, 0];
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const line = block.split("\n").find((part) => part.startsWith("data:"));
      if (line === undefined) continue;
      first ??= performance.now() - begun;
      const { method, params } = JSON.parse(line.slice("data:".length));
      if (params.data.event === "content-block-delta") words += 1;
      if (method !== "lifecycle" || params.namespace.length > 0 || params.data.event === "running") continue;
      if (params.data.event !== "completed")
        throw new Error(`${server.name}: the run has ${params.data.event}`);
      const all = performance.now() - begun;
      // The stream does not end by itself. Leaving the loop closes it.
      return { first, words, all };
    }
  }
  throw new Error(`${server.name}: the stream has ended`);
}
