/** Those whose firings are measured, each a Worker under the same wrangler: the floor, the `agents` package, EdgeCron. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { install, project, startEdgeCron as startServer, startWorker } from "../servers.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** Objects that are scheduled, or read, in one request. */
const AT_ONCE = 50;
const PAGE = 1_000;

const AGENTS = "agents@0.32.0";

/**
 * One of them: `schedule` has `count` firings made ready, the first at the instant `at` (ms) and each `stepMs` after the one
 * before; `recordedSoFar` says how many have been recorded and when the last was; `firings` when each was due and when it
 * started; `tally` is what was done since it was last asked.
 */
class Contestant {
  constructor(server) {
    this.server = server;
    this.name = server.name;
  }

  async schedule(firings) {
    for (let first = 0; first < firings.count; first += AT_ONCE) {
      await this.post("/bench/schedule", {
        ...firings,
        first,
        count: Math.min(AT_ONCE, firings.count - first),
      });
    }
  }

  recordedSoFar() {
    return this.post("/bench/progress", {});
  }

  tally() {
    return this.post("/bench/tally", {});
  }

  async post(path, body) {
    const response = await fetch(this.server.url + path, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${this.name}: ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** Each object records in its own storage. */
class ObjectContestant extends Contestant {
  async firings({ name, count }) {
    const rows = [];
    while (rows.length < count) {
      const query = { name, first: rows.length, count: Math.min(AT_ONCE, count - rows.length) };
      rows.push(...(await this.post("/bench/recorded", query)));
    }
    return rows.filter((row) => row !== null);
  }
}

/** Runs are found by a search. When each began is noted by its graph. */
class EdgeCronContestant extends Contestant {
  async firings({ name, count }) {
    const begun = await this.post("/bench/begun", {});
    const runs = [];
    while (runs.length < count) {
      const page = { metadata: { bench: name }, status: "success", limit: PAGE, offset: runs.length };
      const found = await this.post("/runs/search", page);
      if (found.length === 0) break;
      runs.push(...found);
    }
    return runs.map((run) => ({
      due: Date.parse(run.metadata.scheduled_for),
      started: begun[run.thread_id]?.[0] ?? Date.parse(run.created_at),
    }));
  }
}

/** Starts EdgeCron, this checkout or another, with counting objects. */
export async function startEdgeCron(name, checkout, folder) {
  const prepare = (copy) => {
    for (const file of ["edgecron.mjs", "tally.mjs"]) cpSync(join(here, file), join(copy, file));
    const config = readFileSync(join(copy, "wrangler.toml"), "utf8");
    writeFileSync(join(copy, "wrangler.toml"), config.replace(/^main = .*$/m, 'main = "edgecron.mjs"'));
  };
  return new EdgeCronContestant(await startServer(name, checkout, folder, prepare));
}

/** Starts the floor. */
export function startFloor(folder) {
  return startObjects("floor", "Floor", folder, join(project, "node_modules"));
}

/** Starts the `agents` package, from the node_modules of `installed`. */
export function startAgents(installed, folder) {
  return startObjects("agents", "Crons", folder, resolve(installed, "node_modules"));
}

/** Installs the `agents` package in a folder. @returns the folder */
export const installAgents = (folder) => install(AGENTS, folder);

async function startObjects(name, className, folder, packages) {
  mkdirSync(folder, { recursive: true });
  for (const file of [`${name}.mjs`, "tally.mjs", "worker.mjs"]) cpSync(join(here, file), join(folder, file));
  cpSync(join(here, "../graph.mjs"), join(folder, "graph.mjs"));
  symlinkSync(packages, join(folder, "node_modules"));
  const config = {
    name,
    main: `${name}.mjs`,
    compatibility_date: /^compatibility_date = "(.*)"$/m.exec(
      readFileSync(join(project, "wrangler.toml"), "utf8"),
    )[1],
    compatibility_flags: ["nodejs_compat"],
    minify: true,
    durable_objects: { bindings: [{ name: "OBJECTS", class_name: className }] },
    migrations: [{ tag: "v1", new_sqlite_classes: [className] }],
  };
  writeFileSync(join(folder, "wrangler.json"), JSON.stringify(config));
  const args = ["--config", join(folder, "wrangler.json"), "--persist-to", join(folder, "state")];
  return new ObjectContestant(await startWorker(name, args));
}
