/** A local server: the migrations, `wrangler dev`, and the minute's tick that starts the watchdog. */
import { watch } from "node:fs";
import { join } from "node:path";
import { readReport, removeReport } from "./build-report.mjs";
import { GraphFiles } from "./graph-files.mjs";
import { applyLocalMigrations } from "./local-migrations.mjs";
import { prepareStandIns } from "./stand-ins.mjs";
import { WranglerDev } from "./wrangler-dev.mjs";
import { root } from "./wrangler.mjs";

const MINUTE_MS = 60_000;
const READY_POLL_MS = 250;
/** Where the build writes. */
const BUILD_DIR = join(root, ".edgecron");
/** A graph that takes longer to load is named. */
const STANDSTILL_MS = 30_000;
/** More take long enough for a word on them. */
const FEW_GRAPHS = 3;
/** Time for the rest of a file to be written. */
const SOON_MS = 500;

export class DevServer {
  /** Where it answers, once it does. */
  url = null;
  /** The exit code, once the server has ended. */
  code = null;
  /** Settles when the server has ended and is not started again; there after `start`. */
  ended;
  #wrangler = null;
  /** Whether it answers now: not while it is started again. */
  #serving = false;
  #aborted = new AbortController();
  /** By graph id, the graphs that the Worker could not load: the error that each stands for, and the state of its files then. */
  #notLoaded = {};
  /** The faults that were said last; empty when there were none. */
  #toldFaults = "";
  #watcher = null;
  #files = new GraphFiles();
  #progress = null;
  #timer = null;
  #write;

  /** @param {(line: string) => void} write what the server logs, line by line; start-up chatter is left out */
  constructor(write) {
    this.#write = write;
  }

  /**
   * Settles when the server answers.
   * @param {import("./dev-arguments.d.mts").DevArguments} args
   * @throws Error when it ends before
   */
  async start(args) {
    await applyLocalMigrations(args, this.#aborted.signal);
    await this.#serve(args);
    for (const note of readReport(BUILD_DIR).notes ?? []) this.#write(`Note: ${note}`);
    this.#tellOfBuild();
    // A file that is saved may break a graph, or mend one.
    this.#watcher = watch(BUILD_DIR, (_event, file) => {
      if (file === "build.json") setTimeout(() => this.#onBuilt(), SOON_MS);
    });
    this.ended = this.#keepServing(args);
    this.#tick();
  }

  /** Starts wrangler, and again without each graph that the Worker cannot load. Settles when the server answers. */
  async #serve(args) {
    for (;;) {
      removeReport(BUILD_DIR);
      const { flags, environment } = await prepareStandIns(args.dev);
      this.#aborted.signal.throwIfAborted();
      const wrangler = new WranglerDev(
        [...flags, ...this.#withSamePort(args.dev)],
        { EDGECRON_KEEP_GOING: "1", EDGECRON_NOT_LOADED: JSON.stringify(this.#notLoaded), ...environment },
        this.#write,
        { onBuilding: (line) => this.#onProgress(line), onReload: () => this.#tellOfBuild() },
      );
      this.#wrangler = wrangler;
      try {
        const url = await wrangler.listening;
        await this.#answers(url);
        wrangler.loaded();
        this.url = url;
        this.#serving = true;
        this.#files.watch(readReport(BUILD_DIR).filesOf);
        return;
      } catch (error) {
        this.#aborted.signal.throwIfAborted();
        if (wrangler.code === null) throw error;
        if (!this.#leaveOut(wrangler.graphThatThrew()))
          throw new Error(wrangler.whyItEnded(readReport(BUILD_DIR)), { cause: error });
      } finally {
        clearTimeout(this.#progress);
      }
    }
  }

  /** wrangler ends when a Worker that was built anew throws while it is loaded: then it is started again. */
  async #keepServing(args) {
    for (;;) {
      await this.#wrangler.ended;
      this.#serving = false;
      if (this.#aborted.signal.aborted) break;
      try {
        if (!this.#leaveOut(this.#wrangler.graphThatThrew()))
          throw new Error(this.#wrangler.whyItEnded(readReport(BUILD_DIR)));
        await this.#serve(args);
        this.#tellOfBuild();
      } catch (error) {
        if (!this.#aborted.signal.aborted) this.#write(error.message);
        break;
      }
    }
    clearTimeout(this.#timer);
    this.code = this.#wrangler.code ?? 1;
  }

  /** Has a graph that threw stand for its error from the next start on. */
  #leaveOut(graph) {
    const { states } = readReport(BUILD_DIR);
    const state = states?.[graph?.id];
    // One that was left out cannot have thrown again, unless its files were written since.
    if (state === undefined || this.#notLoaded[graph.id]?.state === state) return false;
    this.#notLoaded[graph.id] = { message: graph.message, state };
    this.#write(`The Worker could not load graph "${graph.id}". Starting without it…`);
    return true;
  }

  /** Port 0 is any free one; when the server is started again, it is the one that it had. */
  #withSamePort(flags) {
    if (this.url === null) return flags;
    const { port } = new URL(this.url);
    return flags.map((word, index) => {
      if (word === "--port=0") return `--port=${port}`;
      return word === "0" && flags[index - 1] === "--port" ? port : word;
    });
  }

  /** The Worker is loaded after this, unless the build has failed. */
  #onBuilt() {
    const { failure, filesOf } = readReport(BUILD_DIR);
    if (filesOf !== undefined) this.#files.watch(filesOf);
    if (failure !== undefined) this.#tellOfBuild();
  }

  /** Says which graphs cannot be served, or that all are served again. Says nothing twice in a row. */
  #tellOfBuild() {
    const { errors = [], failure } = readReport(BUILD_DIR);
    const text = [...errors, ...(failure === undefined ? [] : [failure])].join("\n");
    if (text === this.#toldFaults) return;
    this.#toldFaults = text;
    this.#write(text === "" ? "All graphs are served again." : text);
  }

  /** Ends the server. Settles when all its processes have ended. */
  async stop() {
    this.#watcher?.close();
    this.#files.close();
    this.#aborted.abort(new Error("stopped"));
    clearTimeout(this.#timer);
    await this.#wrangler?.stop();
  }

  /** Ends the server without waiting for what it is doing. */
  kill() {
    this.#aborted.abort(new Error("stopped"));
    this.#wrangler?.kill();
  }

  /** wrangler listens before the Worker is built, and holds requests until then. */
  async #answers(url) {
    while (this.#wrangler.code === null) {
      const response = await fetch(`${url}/ok`, { signal: this.#aborted.signal }).catch(() => undefined);
      if (response?.status === 503) throw new Error((await response.json()).detail);
      await response?.body?.cancel();
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      this.#aborted.signal.throwIfAborted();
    }
    throw new Error("wrangler has ended");
  }

  /** A start with many graphs takes long, and one whose module comes to no end takes for ever: says what is waited for. */
  #onProgress(line) {
    const [, graph, number, count] = /Loading (graph ".*" \(.*\)), (\d+) of (\d+)/.exec(line) ?? [];
    if (graph === undefined) return;
    if (number === "1" && count > FEW_GRAPHS) this.#write(`Building ${count} graphs…`);
    clearTimeout(this.#progress);
    this.#progress = setTimeout(() => {
      this.#write(`Still loading ${graph}, ${number} of ${count}…`);
    }, STANDSTILL_MS).unref();
  }

  /** `wrangler dev` never fires cron triggers, so the watchdog would sleep: this starts it at every full minute. */
  #tick() {
    this.#timer = setTimeout(
      async () => {
        if (this.#serving) await this.#startWatchdog();
        if (this.code === null && !this.#aborted.signal.aborted) this.#tick();
      },
      MINUTE_MS - (Date.now() % MINUTE_MS),
    );
    this.#timer.unref();
  }

  async #startWatchdog() {
    try {
      const response = await fetch(`${this.url}/cdn-cgi/local/scheduled`, {
        signal: AbortSignal.timeout(MINUTE_MS),
      });
      if (!response.ok) this.#write(`the watchdog answered ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (this.#serving && !this.#aborted.signal.aborted)
        this.#write(`the watchdog did not answer: ${error.message}`);
    }
  }
}
