/** The servers that are measured. Each runs in a folder of its own, quietly, on a free port of this machine alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { copyProject } from "../dist/repository/project-copy.js";
import { killGroup, startWrangler } from "../dist/wrangler.js";

const HOST = "127.0.0.1";
const START_LIMIT_MS = 300_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 100;
const KEPT_OUTPUT = 10_000;

const REFERENCE = "@langchain/langgraph-api";
export const REFERENCE_VERSION = "1.5.1";
/** As many runs at a time as its command line has by default. */
const REFERENCE_WORKERS = 10;

const bench = dirname(fileURLToPath(import.meta.url));
export const project = dirname(bench);
const graphs = { echo: "./graph.mjs:echo", talk: "./graph.mjs:talk" };

/** Every process that was started and may still be there, and how it is ended at once. */
const children = new Map();

/** Ends whatever still runs, without waiting. */
export function killAll() {
  for (const [child, kill] of children) kill(child);
}

/**
 * Starts this project, or another checkout of it, with the graph of the benchmark.
 * @param {(copy: string) => void} prepare changes the copy that runs
 */
export async function startEdgeCron(name, checkout, folder, prepare = () => undefined) {
  const copy = join(folder, "project");
  copyProject(checkout, copy, join(bench, "graph.mjs"), Object.keys(graphs));
  prepare(copy);
  const port = await freePort();
  const args = ["dist/main.js", "dev", "--port", port, "--inspector-port", 0, "--ip", HOST];
  args.push("--persist-to", join(folder, "state"), "--log-level", "error", "--var", "AUTH:open");
  return start(name, port, startNode(args.map(String), { cwd: copy }));
}

/** Starts a Worker of the benchmark's own, with the wrangler of this project. */
export async function startWorker(name, args) {
  const port = await freePort();
  const fixed = ["--port", port, "--inspector-port", 0, "--ip", HOST, "--log-level", "error"];
  return start(name, port, startWrangler(["dev", ...args, ...fixed.map(String)], project), killGroup);
}

/**
 * Starts the reference server as its own command line does, without the watching of files and without the loader of
 * TypeScript, neither of which a graph in JavaScript needs.
 * @param installed a folder whose node_modules has it
 */
export async function startReference(installed, folder) {
  const packages = resolve(installed, "node_modules");
  const entry = join(packages, REFERENCE, "dist");
  const { version } = JSON.parse(readFileSync(join(packages, REFERENCE, "package.json"), "utf8"));
  if (version !== REFERENCE_VERSION) {
    throw new Error(`${packages} has ${REFERENCE} ${version}, and not ${REFERENCE_VERSION}`);
  }
  mkdirSync(folder, { recursive: true });
  symlinkSync(packages, join(folder, "node_modules"));
  cpSync(join(bench, "graph.mjs"), join(folder, "graph.mjs"));
  const port = await freePort();
  const config = { port, nWorkers: REFERENCE_WORKERS, host: HOST, cwd: folder, graphs };
  const imports = [
    pathToFileURL(join(entry, "preload.mjs")).href,
    // It must not outlive the benchmark, however that ends.
    'data:text/javascript,process.on("disconnect",()=>process.exit())',
  ].flatMap((url) => ["--import", url]);
  const args = [...imports, join(entry, "cli/entrypoint.mjs"), String(process.pid), JSON.stringify(config)];
  const env = { ...process.env, NODE_ENV: "development", LOG_LEVEL: "error", LANGSMITH_TRACING: "false" };
  return start("reference", port, startNode(args, { cwd: folder, env }));
}

/** Installs the reference server in a folder. @returns the folder */
export const installReference = (folder) => install(`${REFERENCE}@${REFERENCE_VERSION}`, folder);

/** Installs a package in a folder, with the version of LangGraph that is used here. @returns the folder */
export async function install(what, folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", what];
  args.push(...["core", "langgraph"].map(sameVersion));
  const npm = spawn("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  children.set(npm, killOne);
  const [code] = await once(npm, "close");
  children.delete(npm);
  if (code !== 0) throw new Error(`npm could not install ${what}; see the flags that name a folder with it`);
  return folder;
}

/** All servers execute the graph with the same version of the library. */
function sameVersion(name) {
  const path = join(project, "node_modules/@langchain", name, "package.json");
  return `@langchain/${name}@${JSON.parse(readFileSync(path, "utf8")).version}`;
}

const startNode = (args, options) =>
  spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe", "ipc"] });

const killOne = (child) => child.kill("SIGKILL");

async function start(name, port, child, kill = killOne) {
  children.set(child, kill);
  const closed = once(child, "close").finally(() => children.delete(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => (output = (output + text).slice(-KEPT_OUTPUT)));
  }
  const url = `http://${HOST}:${port}`;
  const limit = Date.now() + START_LIMIT_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > limit) {
      kill(child);
      throw new Error(`the server "${name}" does not answer\n${output}`);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return {
    name,
    url,
    output: () => output,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => kill(child), STOP_LIMIT_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function isReady(url) {
  try {
    const response = await fetch(`${url}/ok`, { signal: AbortSignal.timeout(POLL_MS * 20) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
