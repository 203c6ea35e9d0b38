/** A local server: the migrations, `wrangler dev`, and the minute's tick that starts the watchdog. */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { explainStart, inSource } from "./explain-start.mjs";
import { NOT_LOADED } from "./generated-module.mjs";
import { GraphFiles } from "./graph-files.mjs";
import { applyLocalMigrations } from "./local-migrations.mjs";
import { prepareStandIns } from "./stand-ins.mjs";
import { killGroup, root, startWrangler } from "./wrangler.mjs";

const MINUTE_MS = 60_000;
/** wrangler ends within a second; what has not after this is killed. */
const STOP_LIMIT_MS = 5_000;
const READY_POLL_MS = 250;
/** What scripts/build-graphs.mjs says of the last build. */
const BUILD_REPORT = join(root, ".edgecron/build.json");
/** A graph that takes longer to load is named. */
const STANDSTILL_MS = 30_000;
/** More take long enough for a word on them. */
const FEW_GRAPHS = 3;
const MAX_FRAMES = 5;
/** Time for the rest of a message to be written. */
const SOON_MS = 500;

export class DevServer {
  /** Where it answers, once it does. */
  url = null;
  /** The exit code of wrangler, once it has ended. */
  code = null;
  #child = null;
  #listening = false;
  #aborted = new AbortController();
  #held = [];
  #why = null;
  /** The source map of the bundle that did not load; wrangler removes it when it ends. */
  #sourceMap = null;
  /** The faults that were said last; empty when there were none. */
  #toldFaults = "";
  #watcher = null;
  #files = new GraphFiles();
  /** By graph id, what the Worker could not load since it was last built. */
  #notLoaded = new Map();
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
    rmSync(BUILD_REPORT, { force: true });
    const { flags, environment } = await prepareStandIns(args.dev);
    this.#aborted.signal.throwIfAborted();
    const child = startWrangler(["dev", ...flags, ...args.dev], { EDGECRON_KEEP_GOING: "1", ...environment });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#log(line));
    }
    this.ended = once(child, "close").then(([code]) => {
      clearTimeout(this.#timer);
      clearTimeout(this.#progress);
      this.code = code ?? 1;
    });
    const listening = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("message", (message) => {
        const { event, ip, port } = JSON.parse(String(message));
        if (event !== "DEV_SERVER_READY") return;
        this.#listening = true;
        resolve(urlOf(ip, port));
      });
      void this.ended.then(() => reject(this.#whyItEnded()));
    });
    const url = await listening;
    await this.#answers(url);
    this.url = url;
    this.#held = [];
    clearTimeout(this.#progress);
    for (const note of buildReport().notes ?? []) this.#write(`Note: ${note}`);
    this.#tellOfBuild();
    this.#files.watch(buildReport().filesOf);
    // A file that is saved may break a graph, or mend one.
    this.#watcher = watch(join(root, ".edgecron"), (_event, file) => {
      if (file === "build.json") setTimeout(() => this.#onBuilt(), SOON_MS);
    });
    this.#tick();
  }

  /** The Worker is loaded after this, unless the build has failed. */
  #onBuilt() {
    const { failure, filesOf } = buildReport();
    if (filesOf !== undefined) this.#files.watch(filesOf);
    if (failure !== undefined) this.#tellOfBuild();
  }

  /** Says which graphs cannot be served, or that all are served again. Says nothing twice in a row. */
  #tellOfBuild() {
    const { errors = [], failure } = buildReport();
    const faults = [...errors, ...this.#notLoaded.values(), ...(failure === undefined ? [] : [failure])];
    const text = faults.join("\n");
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
    const child = this.#child;
    if (child === null || this.code !== null) return;
    child.kill("SIGTERM");
    const limit = setTimeout(() => killGroup(child), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(limit);
  }

  /** Ends the server without waiting for what it is doing. */
  kill() {
    this.#aborted.abort(new Error("stopped"));
    if (this.#child !== null) killGroup(this.#child);
  }

  /** It listens before the Worker is built, and holds requests until then. */
  async #answers(url) {
    while (this.code === null) {
      const response = await fetch(`${url}/ok`, { signal: this.#aborted.signal }).catch(() => undefined);
      if (response?.status === 503) throw new Error((await response.json()).detail);
      await response?.body?.cancel();
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      this.#aborted.signal.throwIfAborted();
    }
    throw this.#whyItEnded();
  }

  /** Why there is no server: found out once, from what the build and wrangler have said. */
  #whyItEnded() {
    this.#why ??= this.#aborted.signal.aborted
      ? new Error("stopped")
      : new Error(
          explainStart(buildReport(), this.#held ?? [], root, this.#sourceMap) ?? this.#withAllSaid(),
        );
    return this.#why;
  }

  #withAllSaid() {
    this.#release();
    return "the server ended before it was ready; what wrangler said is above";
  }

  #log(line) {
    const notLoaded = line.indexOf(NOT_LOADED);
    if (notLoaded !== -1) return this.#onNotLoaded(line.slice(notLoaded + NOT_LOADED.length));
    if (this.url === null) this.#onProgress(line);
    else if (/\[custom build\].*(?:Loading graph .*| \s*)$/.test(line)) return;
    if (/Reloading local server/.test(line)) this.#notLoaded.clear();
    if (this.url !== null && /Local server updated and ready/.test(line)) {
      this.#tellOfBuild();
    }
    if (this.url === null && /\bindex\.js:\d+:\d+/.test(line)) this.#sourceMap ??= newestSourceMap();
    if (this.url === null && this.#listening) {
      // wrangler does not end when the Worker cannot be built, nor does it look at the files again.
      if (/Build failed with/.test(line)) setTimeout(() => this.#child.kill("SIGTERM"), SOON_MS);
    }
    if (this.url === null && this.#held !== null) this.#held.push(line);
    else if (!/\[wrangler:info\] GET \/ok /.test(line)) this.#write(line.replace("[wrangler:info] ", ""));
  }

  /** @param {string} text JSON, and after it what wrangler adds */
  #onNotLoaded(text) {
    const { id, message, reason, stack } = JSON.parse(text.slice(0, text.lastIndexOf("}") + 1));
    const map = newestSourceMap();
    const frames = stack
      .split("\n")
      .filter((frame) => /^\s*at /.test(frame))
      .map((frame) => inSource(frame.replace(/file:\S*(?=index\.js:)/, ""), root, map))
      .filter((frame) => !/\bindex\.js:|\.edgecron\//.test(frame));
    this.#notLoaded.set(id, [`${message}: ${reason}`, ...frames.slice(0, MAX_FRAMES)].join("\n"));
  }

  /** A start with many graphs takes long, and one whose module comes to no end takes for ever: says what is waited for. */
  #onProgress(line) {
    const [, graph, number, count] = /Loading (graph ".*" \(.*\)), (\d+) of (\d+)/.exec(line) ?? [];
    if (graph === undefined) return;
    if (number === "1" && count > FEW_GRAPHS) this.#write(`Building ${count} graphs…`);
    clearTimeout(this.#progress);
    this.#progress = setTimeout(() => {
      if (this.url === null) this.#write(`Still loading ${graph}, ${number} of ${count}…`);
    }, STANDSTILL_MS).unref();
  }

  /** What comes before the server is ready is chatter, and held back unless something is wrong. */
  #release() {
    if (this.url === null) for (const line of this.#held ?? []) this.#write(line);
    this.#held = null;
  }

  /** `wrangler dev` never fires cron triggers, so the watchdog would sleep: this starts it at every full minute. */
  #tick() {
    this.#timer = setTimeout(
      async () => {
        try {
          const response = await fetch(`${this.url}/cdn-cgi/local/scheduled`, {
            signal: AbortSignal.timeout(MINUTE_MS),
          });
          if (!response.ok) this.#write(`the watchdog answered ${response.status}: ${await response.text()}`);
        } catch (error) {
          if (this.code === null && !this.#aborted.signal.aborted)
            this.#write(`the watchdog did not answer: ${error.message}`);
        }
        if (this.code === null && !this.#aborted.signal.aborted) this.#tick();
      },
      MINUTE_MS - (Date.now() % MINUTE_MS),
    );
    this.#timer.unref();
  }
}

/** The source map of the bundle that wrangler made last; null when it cannot be found. */
function newestSourceMap() {
  try {
    const tmp = join(root, ".wrangler/tmp");
    const maps = readdirSync(tmp)
      .map((name) => join(tmp, name, "index.js.map"))
      .filter(existsSync);
    const [newest] = maps.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    return newest === undefined
      ? null
      : { dir: dirname(newest), map: JSON.parse(readFileSync(newest, "utf8")) };
  } catch {
    return null;
  }
}

/** What the last build came to; nothing when there was none. */
function buildReport() {
  try {
    return JSON.parse(readFileSync(BUILD_REPORT, "utf8"));
  } catch {
    return {};
  }
}

/** An address to listen at is not always one to call. */
function urlOf(ip, port) {
  const host =
    ip === "0.0.0.0" || ip === "*" ? "127.0.0.1" : ip === "::" ? "[::1]" : ip.includes(":") ? `[${ip}]` : ip;
  return `http://${host}:${port}`;
}
