/** What is measured: each line is one kind of request, made of both servers in the same way. */

import { allWords, firstProtocolEvent, WORDS } from "./thread-protocol.mjs";

const REQUEST_LIMIT_MS = 60_000;
/** Threads that one search finds; of these it returns the newest ten. */
const MATCHES = 100;

/**
 * With a `total`, that many requests are made; otherwise as many as there is time for.
 * @typedef {{ name: string, unit: "per second" | "ms", inFlight?: number, total?: number, prepare?: Function, request: Function }} Line
 */

/**
 * In the order in which they are measured: first those of which little is left in the servers.
 * @param {{ threads: number }} sizes
 * @returns {Line[]}
 */
export function linesOf({ threads }) {
  const waits = [1, 8, 32].flatMap((inFlight) => [
    {
      name: `POST /runs/wait, ${inFlight} in flight`,
      unit: "per second",
      inFlight,
      request: (server) => runAndWait(server, "/runs/wait"),
    },
    {
      name: `POST /threads/{id}/runs/wait, ${inFlight} in flight`,
      unit: "per second",
      inFlight,
      // Each client has a thread of its own: on one thread, runs wait for each other.
      prepare: (server) => Promise.all(Array.from({ length: inFlight }, () => createThread(server, {}))),
      request: (server, client, clients) =>
        runAndWait(server, `/threads/${clients[client].thread_id}/runs/wait`),
    },
  ]);
  return [
    ...waits,
    { name: "POST /runs/stream, first event", unit: "ms", request: (server) => firstEvent(server) },
    { name: "thread protocol, first event", unit: "ms", request: firstProtocolEvent },
    { name: `thread protocol, ${WORDS} words of a model`, unit: "ms", request: allWords },
    {
      name: "POST /threads, 8 in flight",
      unit: "per second",
      inFlight: 8,
      total: threads,
      request: (server, _client, _prepared, index) =>
        createThread(server, { kind: "bench", owner: `owner-${index % (threads / MATCHES)}` }),
    },
    {
      name: `POST /threads/search by metadata, ${threads} threads`,
      unit: "per second",
      inFlight: 1,
      request: search,
    },
  ];
}

async function runAndWait(server, path) {
  const values = await post(server, path, { assistant_id: "echo", input: { text: "hello" } });
  if (values.answer !== "echo: hello") throw new Error(`${path} answered ${JSON.stringify(values)}`);
}

export async function createThread(server, metadata) {
  const thread = await post(server, "/threads", { metadata });
  if (typeof thread.thread_id !== "string") throw new Error(`no thread: ${JSON.stringify(thread)}`);
  return thread;
}

async function search(server) {
  const found = await post(server, "/threads/search", { metadata: { owner: "owner-7" }, limit: 10 });
  if (found.length !== 10) throw new Error(`the search found ${found.length} threads`);
}

/** @returns milliseconds until the first event was there; the rest of the stream is read too */
async function firstEvent(server) {
  const begun = performance.now();
  const body = { assistant_id: "echo", input: { text: "hello" }, stream_mode: ["values"] };
  const response = await send(server, "/runs/stream", body);
  let first;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (first === undefined && /\bdata:.*\n/.test(text)) first = performance.now() - begun;
  }
  if (first === undefined || !text.includes("echo: hello")) throw new Error(`the stream was ${text}`);
  return first;
}

const post = async (server, path, body) => (await send(server, path, body)).json();

export async function send(server, path, body) {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`${server.name}: ${path}: ${response.status} ${await response.text()}`);
  return response;
}
