/**
 * What a thread costs that goes on for years: the default agent again and again on one thread, four short messages a run. Beside
 * it the same graph with LangGraph's MemorySaver, in this process.
 */
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { median } from "./measure.mjs";
import { createThread, send } from "./lines.mjs";
import { project, startEdgeCron } from "./servers.mjs";
import { printTable, short } from "./table.mjs";

/** After so many runs the thread is looked at. MemorySaver would need gigabytes for more than `reference` runs. */
export const GROWTH = {
  full: { points: [10, 60, 240, 1_000], reference: 240 },
  quick: { points: [10, 30], reference: 30 },
};

/** The time of a run is the median of so many, which end with it. */
const SAMPLES = 9;

const question = (n) => ({ messages: [{ role: "user", content: `What time is it? ${n}` }] });

/** Starts EdgeCron with the default agent. */
export const startWithAgent = (folder) =>
  startEdgeCron("EdgeCron", project, folder, (copy) => {
    writeFileSync(
      join(copy, "langgraph.json"),
      JSON.stringify({ graphs: { agent: "./src/graphs/agent.ts:agent" } }),
    );
  });

/** Measures both and prints what came of it. @param folder that of the server, see {@link startWithAgent} */
export async function compareGrowth(server, folder, { points, reference }) {
  const ours = await grow(points, await edgeCronRun(server), () => bytesIn(join(folder, "state")));
  const memory = await memorySaver(folder);
  const upTo = points.filter((point) => point <= reference);
  const theirs = await grow(upTo, memory.run, memory.bytes);
  printTable([
    ["runs on the thread", "EdgeCron", "a run", "MemorySaver", "a run"],
    ...points.map((point, i) => [String(point), ...cells(ours[i], ours[0]), ...cells(theirs[i], theirs[0])]),
  ]);
}

const cells = (at, first) =>
  at === undefined
    ? ["", ""]
    : [`${short(at.bytes / 1e6)} MB`, `${short(at.ms)} ms (${short(at.ms / first.ms)} ×)`];

async function grow(points, run, bytes) {
  const measured = [];
  const times = [];
  for (let n = 1; n <= points.at(-1); n += 1) {
    const begun = performance.now();
    await run(n);
    times.push(performance.now() - begun);
    if (!points.includes(n)) continue;
    measured.push({ bytes: bytes(), ms: median(times.slice(-SAMPLES)) });
    console.error(`${n} runs`, measured.at(-1));
  }
  return measured;
}

/** Runs that nobody waits for with all values of the state: what is streamed is what each node adds. */
async function edgeCronRun(server) {
  const { thread_id: threadId } = await createThread(server, {});
  return async (n) => {
    const body = { assistant_id: "agent", input: question(n), stream_mode: ["updates"] };
    const text = await (await send(server, `/threads/${threadId}/runs/stream`, body)).text();
    if (!text.includes("current_time says")) throw new Error(`the stream was ${text}`);
  };
}

/** Bytes of the objects of threads. */
function bytesIn(state) {
  const files = readdirSync(state, { recursive: true }).filter((name) =>
    /ThreadDO.*\.sqlite(-wal)?$/.test(name),
  );
  return files.reduce((total, name) => total + statSync(join(state, name)).size, 0);
}

async function memorySaver(folder) {
  const file = join(folder, "project/agent-in-node.mjs");
  await build({
    stdin: {
      contents: `export { agent } from "./src/graphs/agent"; export { MemorySaver } from "@langchain/langgraph";`,
      resolveDir: join(folder, "project"),
    },
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    plugins: [withoutBindings],
  });
  const { agent, MemorySaver } = await import(pathToFileURL(file).href);
  const saver = new MemorySaver();
  agent.checkpointer = saver;
  return {
    run: (n) => agent.invoke(question(n), { configurable: { thread_id: "thread" } }),
    bytes: () => bytesWithin([saver.storage, saver.writes]),
  };
}

/** In Node, a Worker's bindings are none. */
const withoutBindings = {
  name: "without-bindings",
  setup(bundle) {
    bundle.onResolve({ filter: /^cloudflare:workers$/ }, ({ path }) => ({ path, namespace: "none" }));
    bundle.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const env = {};" }));
  },
};

/** Bytes of all that was serialized. */
function bytesWithin(value) {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((total, part) => total + bytesWithin(part), 0);
}
