/** One process of `wrangler dev`: what it prints, where it answers, and why it ended. */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { BuildReport } from "../build/build-report.js";
import { LOADING } from "../build/generated-module.js";
import type { Project } from "../project.js";
import { killGroup, type PipedChild, startWrangler } from "../wrangler.js";
import {
  type BundleMap,
  explainStart,
  modulesThatThrew,
  whatWasThrown,
  whyNoRemoteBindings,
} from "./explain-start.js";

/** wrangler ends within a second; what has not after this is killed. */
const STOP_LIMIT_MS = 5_000;
/** Time for the rest of a message to be written. */
const SOON_MS = 500;

/** The log of requests for the dashboard's files, and of those that ask whether the server is up. */
const OF_NO_INTEREST = /\[wrangler:info\] GET \/(?:ok |\S*dashboard[ /])/;

/** A graph whose module threw. */
export interface ThrownGraph {
  readonly id: string;
  /** Names the graph, and says that it threw. */
  readonly message: string;
  readonly thrown: string;
  /** The absolute files of modules that throw in whatever graph imports them. */
  readonly modules: readonly string[];
}

/** What the Worker logs before it loads a graph; see cli/build/generated-module.ts. */
type LoadingGraph = Partial<Pick<ThrownGraph, "id" | "message">>;

export interface WranglerListener {
  /** Gets what is printed before the Worker has been loaded for the first time. */
  readonly onBuilding: (line: string) => void;
  /** Called when the Worker has been loaded again. */
  readonly onReload: () => void;
}

export class WranglerDev {
  /** The exit code, once it has ended. */
  code: number | null = null;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  /** Settles with the address at which it listens; the Worker may not have been loaded by then. */
  readonly listening: Promise<string>;
  /** What it printed since the Worker is being loaded; null when the Worker has been loaded. */
  #held: string[] | null = [];
  /** What the Worker logged last of its graphs while it is loaded: one of them, or `{}` after all. */
  #loading: LoadingGraph = {};
  /** The source map of the bundle that did not load; wrangler removes it when it ends. */
  #sourceMap: BundleMap | null = null;
  #listens = false;
  #loadedOnce = false;
  readonly #project: Project;
  readonly #child: PipedChild;
  readonly #write: (line: string) => void;
  readonly #onReload: () => void;

  /**
   * @param args after `wrangler dev`
   * @param write what it prints, line by line; while the Worker is loaded, nothing
   */
  constructor(
    project: Project,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    write: (line: string) => void,
    { onBuilding, onReload }: WranglerListener,
  ) {
    this.#project = project;
    this.#write = write;
    this.#onReload = onReload;
    const child = startWrangler(["dev", ...args], project.dir, environment);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (!this.#loadedOnce) onBuilding(line);
        this.#onLine(line);
      });
    }
    this.ended = once(child, "close").then(([code]: (number | null)[]) => {
      this.code = code ?? 1;
    });
    this.listening = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("message", (message) => {
        const { event, ip, port } = JSON.parse(message as string) as Record<string, string>;
        if (event !== "DEV_SERVER_READY" || ip === undefined || port === undefined) return;
        this.#listens = true;
        resolve(urlOf(ip, port));
      });
      void this.ended.then(() => {
        reject(new Error("wrangler has ended"));
      });
    });
    this.listening.catch(() => undefined);
  }

  /** To be called when the Worker has answered for the first time. */
  loaded(): void {
    this.#loadedOnce = true;
    this.#held = null;
  }

  /** Settles when all its processes have ended. */
  async stop(): Promise<void> {
    if (this.code !== null) return;
    this.#child.kill("SIGTERM");
    const limit = setTimeout(() => {
      killGroup(this.#child);
    }, STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(limit);
  }

  kill(): void {
    killGroup(this.#child);
  }

  /** The graph whose module threw when the Worker loaded it, if that is why wrangler has ended. */
  graphThatThrew(): ThrownGraph | undefined {
    const { id, message } = this.#loading;
    const thrown = whatWasThrown(this.#held ?? [], this.#project.dir, this.#sourceMap);
    if (id === undefined || message === undefined || thrown === undefined) return undefined;
    const modules = modulesThatThrew(this.#held ?? [], this.#project.dir, this.#sourceMap);
    return { id, message, thrown, modules };
  }

  /** Why it cannot reach the bindings that are only at Cloudflare, if that is why it has ended. */
  whyNoRemoteBindings(): string | undefined {
    return whyNoRemoteBindings(this.#held ?? []);
  }

  /** Why it has ended. When what it printed does not tell, that is written. */
  whyItEnded(report: BuildReport): string {
    const why = explainStart(report, this.#held ?? [], this.#project.dir, this.#sourceMap);
    if (why === undefined) for (const line of this.#held ?? []) this.#write(line);
    this.#held = null;
    return why ?? "the server has ended; what wrangler said is above";
  }

  #onLine(line: string): void {
    const mark = line.indexOf(LOADING);
    if (mark !== -1) {
      const text = line.slice(mark + LOADING.length, line.lastIndexOf("}") + 1);
      this.#loading = JSON.parse(text) as LoadingGraph;
      return;
    }
    if (
      this.#loadedOnce &&
      /\[custom build\].*(?:(?:Loading graph|Reading the types of) .*| \s*)$/.test(line)
    )
      return;
    if (/\bindex\.js:\d+:\d+/.test(line)) this.#sourceMap ??= newestSourceMap(this.#project);
    if (!this.#loadedOnce && this.#listens && /Build failed with/.test(line)) {
      // wrangler does not end when the Worker cannot be built, nor does it look at the files again.
      setTimeout(() => {
        this.#child.kill("SIGTERM");
      }, SOON_MS);
    }
    if (this.#loadedOnce && /Local server updated and ready/.test(line)) this.#onReloaded();
    // Where an error of workerd's own was thrown in its program, and the line before it.
    if (/^\s*stack: \S+\/workerd\S*@[0-9a-f]+ .*wdErrId/.test(line)) return;
    if (this.#held !== null) this.#held.push(line);
    else if (!OF_NO_INTEREST.test(line)) this.#write(line.replace("[wrangler:info] ", ""));
    if (this.#loadedOnce && /Reloading local server/.test(line)) {
      this.#held ??= [];
      this.#loading = {};
      this.#sourceMap = null;
    }
  }

  #onReloaded(): void {
    for (const line of this.#held ?? []) this.#write(line.replace("[wrangler:info] ", ""));
    this.#held = null;
    this.#onReload();
  }
}

/** The source map of the bundle that wrangler made last; null when it cannot be found. */
function newestSourceMap({ wranglerConfig }: Project): BundleMap | null {
  try {
    const tmp = join(dirname(wranglerConfig), ".wrangler/tmp");
    const maps = readdirSync(tmp)
      .map((name) => join(tmp, name, "index.js.map"))
      .filter(existsSync);
    const [newest] = maps.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    return newest === undefined
      ? null
      : { dir: dirname(newest), map: JSON.parse(readFileSync(newest, "utf8")) as object };
  } catch {
    return null;
  }
}

/** An address to listen at is not always one to call. */
function urlOf(ip: string, port: string): string {
  const host =
    ip === "0.0.0.0" || ip === "*" ? "127.0.0.1" : ip === "::" ? "[::1]" : ip.includes(":") ? `[${ip}]` : ip;
  return `http://${host}:${port}`;
}
