/** What auth costs a request: this server with an `Auth` that lets everybody in and filters by owner, beside the same server without. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createThread, send } from "../lines.mjs";
import { measure, median } from "../measure.mjs";
import { project, startEdgeCron } from "../servers.mjs";
import { printTable, short } from "../table.mjs";

const here = dirname(fileURLToPath(import.meta.url));

export const AUTH = {
  full: { rounds: 6, sliceMs: 2_500, samples: 10 },
  quick: { rounds: 1, sliceMs: 500, samples: 3 },
};

/** Each line is made with the owner's things alone, so that both servers find the same. */
const LINES = [
  {
    name: "GET /ok, which asks nobody, 8 in flight",
    request: async (server) => (await fetch(`${server.url}/ok`)).arrayBuffer(),
  },
  {
    name: "GET /threads/{id}, 8 in flight",
    prepare: (server) => createThread(server, {}),
    request: async (server, _client, thread) => {
      const response = await fetch(`${server.url}/threads/${thread.thread_id}`);
      if (!response.ok) throw new Error(`${server.name} answered ${response.status}`);
      await response.arrayBuffer();
    },
  },
  {
    name: "POST /threads/search, 8 in flight",
    request: async (server) => (await send(server, "/threads/search", { limit: 10 })).arrayBuffer(),
  },
  {
    name: "POST /runs/wait, 8 in flight",
    request: async (server) => {
      const body = { assistant_id: "echo", input: { text: "hello" } };
      await (await send(server, "/runs/wait", body)).arrayBuffer();
    },
  },
].map((line) => ({ ...line, unit: "per second", inFlight: 8 }));

/** Starts the server with the Auth. */
export const startWithAuth = (folder) =>
  startEdgeCron("with Auth", project, folder, (copy) => {
    cpSync(join(here, "auth.mjs"), join(copy, "auth.mjs"));
    const path = join(copy, "langgraph.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...config, auth: { path: "./auth.mjs:auth" } }));
  });

/** Measures the lines on both servers, and prints how many times as many requests the one without Auth answers. */
export async function compareAuth(without, withAuth, effort) {
  const rows = [["what auth costs", without.name, withAuth.name, "time, as a ratio", "of the rounds"]];
  for (const line of LINES) {
    const [bare, asked] = await measure(line, [without, withAuth], effort);
    const ratios = bare.map((value, round) => value / asked[round]);
    const range = `${short(Math.min(...ratios))}–${short(Math.max(...ratios))}`;
    rows.push([
      line.name,
      `${short(median(bare))} /s`,
      `${short(median(asked))} /s`,
      `${short(median(ratios))} ×`,
      range,
    ]);
    console.error(rows.at(-1).join("  "));
  }
  printTable(rows);
}
