/** The server of an experiment: a copy of the project with graphs of its own, started and killed again and again. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { copyProject } from "../dist/repository/project-copy.js";
import { packageRoot as root } from "../dist/package-root.js";

/** Long, for a machine that is busy with other work too. */
const START_LIMIT_MS = 180_000;
const REQUEST_LIMIT_MS = 30_000;
/** Lines of the log that are kept for who wants to know why. */
const KEPT_LINES = 2_000;

export class ChaosServer {
  /** When it was killed: from the signal until nothing of it was left. */
  kills = [];
  log = [];
  #folder;
  #modules;
  #project;
  #server = null;

  /** @param {string} folder for the copy and the state */
  constructor(folder) {
    this.#folder = folder;
  }

  /** Makes the copy. */
  async prepare() {
    const copy = join(this.#folder, "project");
    copyProject(root, copy, join(root, "chaos/graphs.mjs"), ["fast", "slow"]);
    const load = (file) => import(pathToFileURL(join(copy, "dist", file)).href);
    const { projectAt } = await load("project.js");
    this.#project = projectAt(join(copy, "langgraph.json"));
    this.#modules = { ...(await load("dev/dev-server.js")), ...(await load("dev/dev-arguments.js")) };
  }

  /** Starts it on the state that is there, as `npm run dev` does. Settles when it answers. */
  async start() {
    const { DevServer, devArguments } = this.#modules;
    const argv = ["--port", "0", "--inspector-port", "0", "--persist-to", join(this.#folder, "state")];
    argv.push("--log-level", "error", "--var", "AUTH:open");
    const server = new DevServer(this.#project, (line) => {
      this.log.push(line);
      if (this.log.length > KEPT_LINES) this.log.shift();
    });
    this.#server = server;
    const limit = setTimeout(() => server.kill(), START_LIMIT_MS);
    try {
      await server.start(devArguments(argv, { cwd: this.#folder, variables: {} }));
    } finally {
      clearTimeout(limit);
    }
  }

  /** Whether it has ended without having been killed. */
  get hasEnded() {
    return this.#server.code !== null;
  }

  /** Ends all of its processes at once, by SIGKILL. Settles when they are gone. */
  async kill() {
    const span = { from: Date.now(), to: Infinity };
    this.kills.push(span);
    this.#server.kill();
    await this.#server.ended;
    span.to = Date.now();
  }

  /** Like {@link kill}, for who cannot wait. */
  killNow() {
    this.#server?.kill();
  }

  /** Makes a request. @returns the body of the answer @throws Error when it is refused */
  async call(method, path, body) {
    const response = await fetch(this.#server.url + path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }
}
