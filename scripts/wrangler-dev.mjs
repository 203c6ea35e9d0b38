/** One process of `wrangler dev`: what it prints, where it answers, and why it ended. */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { explainStart, whatWasThrown } from "./explain-start.mjs";
import { LOADING } from "./generated-module.mjs";
import { killGroup, root, startWrangler } from "./wrangler.mjs";

/** wrangler ends within a second; what has not after this is killed. */
const STOP_LIMIT_MS = 5_000;
/** Time for the rest of a message to be written. */
const SOON_MS = 500;

export class WranglerDev {
  /** The exit code, once it has ended. */
  code = null;
  /** What it printed since the Worker is being loaded; null when the Worker has been loaded. */
  #held = [];
  /** What the Worker logged last of its graphs while it is loaded: `{ id, message }` of one, or `{}` after all. */
  #loading = {};
  /** The source map of the bundle that did not load; wrangler removes it when it ends. */
  #sourceMap = null;
  #listens = false;
  #loadedOnce = false;
  #child;
  #write;
  #onReload;

  /**
   * @param {string[]} args after `wrangler dev`
   * @param {Record<string, string>} environment
   * @param {(line: string) => void} write what it prints, line by line; while the Worker is loaded, nothing
   * @param {{ onBuilding: (line: string) => void, onReload: () => void }} listener `onBuilding` gets what is printed before the
   *   Worker has been loaded for the first time, `onReload` is called when the Worker has been loaded again
   */
  constructor(args, environment, write, { onBuilding, onReload }) {
    this.#write = write;
    this.#onReload = onReload;
    const child = startWrangler(["dev", ...args], environment);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (!this.#loadedOnce) onBuilding(line);
        this.#onLine(line);
      });
    }
    this.ended = once(child, "close").then(([code]) => {
      this.code = code ?? 1;
    });
    /** Settles with the address at which it listens; the Worker may not have been loaded by then. */
    this.listening = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("message", (message) => {
        const { event, ip, port } = JSON.parse(String(message));
        if (event !== "DEV_SERVER_READY") return;
        this.#listens = true;
        resolve(urlOf(ip, port));
      });
      void this.ended.then(() => reject(new Error("wrangler has ended")));
    });
    this.listening.catch(() => undefined);
  }

  /** To be called when the Worker has answered for the first time. */
  loaded() {
    this.#loadedOnce = true;
    this.#held = null;
  }

  /** Settles when all its processes have ended. */
  async stop() {
    if (this.code !== null) return;
    this.#child.kill("SIGTERM");
    const limit = setTimeout(() => killGroup(this.#child), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(limit);
  }

  kill() {
    killGroup(this.#child);
  }

  /**
   * The graph whose module threw when the Worker loaded it, if that is why wrangler has ended.
   * @returns {{ id: string, message: string } | undefined} the message names the graph and says what was thrown
   */
  graphThatThrew() {
    const { id, message } = this.#loading;
    const thrown = whatWasThrown(this.#held ?? [], root, this.#sourceMap);
    return id === undefined || thrown === undefined ? undefined : { id, message: `${message}: ${thrown}` };
  }

  /**
   * Why it has ended. When what it printed does not tell, that is written.
   * @param {import("./build-report.d.mts").BuildReport} report
   * @returns {string}
   */
  whyItEnded(report) {
    const why = explainStart(report, this.#held ?? [], root, this.#sourceMap);
    if (why === undefined) for (const line of this.#held ?? []) this.#write(line);
    this.#held = null;
    return why ?? "the server has ended; what wrangler said is above";
  }

  #onLine(line) {
    const mark = line.indexOf(LOADING);
    if (mark !== -1) {
      this.#loading = JSON.parse(line.slice(mark + LOADING.length, line.lastIndexOf("}") + 1));
      return;
    }
    if (this.#loadedOnce && /\[custom build\].*(?:Loading graph .*| \s*)$/.test(line)) return;
    if (/\bindex\.js:\d+:\d+/.test(line)) this.#sourceMap ??= newestSourceMap();
    if (!this.#loadedOnce && this.#listens && /Build failed with/.test(line)) {
      // wrangler does not end when the Worker cannot be built, nor does it look at the files again.
      setTimeout(() => this.#child.kill("SIGTERM"), SOON_MS);
    }
    if (this.#loadedOnce && /Local server updated and ready/.test(line)) this.#onReloaded();
    if (this.#held !== null) this.#held.push(line);
    else if (!/\[wrangler:info\] GET \/ok /.test(line)) this.#write(line.replace("[wrangler:info] ", ""));
    if (this.#loadedOnce && /Reloading local server/.test(line)) {
      this.#held ??= [];
      this.#loading = {};
      this.#sourceMap = null;
    }
  }

  #onReloaded() {
    for (const line of this.#held ?? []) this.#write(line.replace("[wrangler:info] ", ""));
    this.#held = null;
    this.#onReload();
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

/** An address to listen at is not always one to call. */
function urlOf(ip, port) {
  const host =
    ip === "0.0.0.0" || ip === "*" ? "127.0.0.1" : ip === "::" ? "[::1]" : ip.includes(":") ? `[${ip}]` : ip;
  return `http://${host}:${port}`;
}
