/** A local server: the migrations, `wrangler dev`, and the minute's tick that starts the watchdog. */
import { type FSWatcher, watch } from "node:fs";
import type { NotLoaded } from "../build/build-graphs.js";
import { type BuildReport, readReport, removeReport } from "../build/build-report.js";
import { type Project, servedProject } from "../project.js";
import { writeWranglerConfig } from "../wrangler-config.js";
import type { DevArguments } from "./dev-arguments.js";
import { GraphFiles } from "./graph-files.js";
import { graphsLeftOut } from "./graphs-left-out.js";
import { applyLocalMigrations } from "./local-migrations.js";
import { type ThrownGraph, WranglerDev } from "./wrangler-dev.js";

const MINUTE_MS = 60_000;
const READY_POLL_MS = 250;
/** A graph that takes longer to load is named. */
const STANDSTILL_MS = 30_000;
/** Time for the rest of a file to be written. */
const SOON_MS = 500;

export class DevServer {
  /** Where it answers, once it does. */
  url: string | null = null;
  /** The exit code, once the server has ended. */
  code: number | null = null;
  /** Settles when the server has ended and is not started again; there after `start`. */
  ended: Promise<void> | undefined;
  #wrangler: WranglerDev | null = null;
  /** Whether it answers now: not while it is started again. */
  #serving = false;
  /** Whether bindings that are only at Cloudflare are left out. */
  #withoutRemote = false;
  readonly #aborted = new AbortController();
  #notLoaded: NotLoaded = {};
  /** What the bundler was told of the project's files when it was started last. */
  #bundlerTold: string | null = null;
  /** The faults that were said last; empty when there were none. */
  #toldFaults = "";
  #watcher: FSWatcher | null = null;
  readonly #files: GraphFiles;
  #progress: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #project: Project;
  readonly #write: (line: string) => void;
  readonly #onReload: () => void;

  /**
   * @param write what the server logs, line by line; start-up chatter is left out
   * @param onReload is called whenever the server answers again with other graphs or settings
   */
  constructor(project: Project, write: (line: string) => void, onReload: () => void = () => undefined) {
    this.#project = servedProject(project);
    this.#onReload = onReload;
    this.#files = new GraphFiles(this.#project.outDir);
    this.#write = write;
  }

  /**
   * Settles when the server answers.
   * @throws Error when it ends before
   */
  async start(args: DevArguments): Promise<void> {
    const environment = await writeWranglerConfig(this.#project);
    await applyLocalMigrations(this.#project, args, this.#aborted.signal);
    await this.#serve(args, environment);
    for (const note of this.#report().notes ?? []) this.#write(`Note: ${note}`);
    this.#tellOfBuild();
    // A file that is saved may break a graph, or mend one.
    this.#watcher = watch(this.#project.outDir, (_event, file) => {
      if (file !== "build.json") return;
      setTimeout(() => {
        this.#onBuilt();
      }, SOON_MS);
    });
    this.ended = this.#keepServing(args);
    this.#tick();
  }

  /**
   * Starts wrangler, and again without each graph that the Worker cannot load. Settles when the server answers.
   * @param written what came of writing the configuration, if that has just been done
   */
  async #serve(args: DevArguments, written?: Readonly<Record<string, string>>): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      removeReport(this.#project.outDir);
      const environment = (isFirst && written) || (await writeWranglerConfig(this.#project));
      this.#aborted.signal.throwIfAborted();
      this.#retryIfToldOtherwise(JSON.stringify(environment));
      const wrangler = new WranglerDev(
        this.#project,
        [
          ...["--config", this.#project.wranglerConfig, ...(this.#withoutRemote ? ["--local"] : [])],
          ...this.#withSamePort(args.dev),
        ],
        { EDGECRON_KEEP_GOING: "1", EDGECRON_NOT_LOADED: JSON.stringify(this.#notLoaded), ...environment },
        this.#write,
        {
          onBuilding: (line) => {
            this.#onProgress(line);
          },
          onReload: () => {
            this.#tellOfBuild();
            this.#onReload();
          },
        },
      );
      this.#wrangler = wrangler;
      try {
        const url = await wrangler.listening;
        await this.#answers(wrangler, url);
        wrangler.loaded();
        this.url = url;
        this.#serving = true;
        this.#files.watch(this.#report().filesOf);
        return;
      } catch (error) {
        this.#aborted.signal.throwIfAborted();
        if (wrangler.code === null) throw error;
        if (this.#leaveOutRemote(wrangler.whyNoRemoteBindings())) continue;
        if (!this.#leaveOut(wrangler.graphThatThrew()))
          throw new Error(wrangler.whyItEnded(this.#report()), { cause: error });
      } finally {
        clearTimeout(this.#progress);
      }
    }
  }

  /** wrangler ends when a Worker that was built anew throws while it is loaded: then it is started again. */
  async #keepServing(args: DevArguments): Promise<void> {
    for (;;) {
      const wrangler = this.#wrangler;
      await wrangler?.ended;
      this.#serving = false;
      if (wrangler === null || this.#isStopped()) break;
      try {
        if (!this.#leaveOut(wrangler.graphThatThrew())) throw new Error(wrangler.whyItEnded(this.#report()));
        await this.#serve(args);
        this.#tellOfBuild();
        this.#onReload();
      } catch (error) {
        if (!this.#isStopped()) this.#write(messageOf(error));
        break;
      }
    }
    clearTimeout(this.#timer);
    this.code = this.#wrangler?.code ?? 1;
  }

  /** Has a graph that threw stand for its error from the next start on, and with it those that would throw the same. */
  #leaveOut(graph: ThrownGraph | undefined): boolean {
    if (graph === undefined) return false;
    const report = this.#report();
    const state = report.states?.[graph.id];
    // One that was left out cannot have thrown again, unless its files were written since.
    if (state === undefined || this.#notLoaded[graph.id]?.state === state) return false;
    const left = graphsLeftOut(this.#project.configPath, graph, report);
    this.#notLoaded = { ...this.#notLoaded, ...left };
    const [, ...others] = Object.keys(left).map((id) => `"${id}"`);
    const same = others.length === 0 ? "" : `, and so not ${others.join(", ")}, which import the same`;
    this.#write(
      `The Worker could not load graph "${graph.id}"${same}. Starting without ${same === "" ? "it" : "them"}…`,
    );
    return true;
  }

  /** A graph may have thrown because the bundler was not told of a package that had just been imported. */
  #retryIfToldOtherwise(told: string): void {
    if (this.#bundlerTold !== null && told !== this.#bundlerTold) this.#notLoaded = {};
    this.#bundlerTold = told;
  }

  /** Has the server run without an account: bindings that are only at Cloudflare fail when they are used. */
  #leaveOutRemote(why: string | undefined): boolean {
    if (why === undefined || this.#withoutRemote) return false;
    this.#withoutRemote = true;
    this.#write(
      `Note: bindings that are only at Cloudflare, such as Workers AI, fail when they are used, because wrangler cannot reach them: ${why}. ` +
        'To have them, run "npx wrangler login" or set CLOUDFLARE_API_TOKEN, and start again. Starting without them…',
    );
    return true;
  }

  /** Port 0 is any free one; when the server is started again, it is the one that it had. */
  #withSamePort(flags: readonly string[]): readonly string[] {
    if (this.url === null) return flags;
    const { port } = new URL(this.url);
    return flags.map((word, index) => {
      if (word === "--port=0") return `--port=${port}`;
      return word === "0" && flags[index - 1] === "--port" ? port : word;
    });
  }

  /** The Worker is loaded after this, unless the build has failed. */
  #onBuilt(): void {
    const { failure, filesOf } = this.#report();
    if (filesOf !== undefined) this.#files.watch(filesOf);
    if (failure !== undefined) this.#tellOfBuild();
  }

  /** Says which graphs cannot be served, or that all are served again. Says nothing twice in a row. */
  #tellOfBuild(): void {
    const { errors = [], failure } = this.#report();
    const text = [...errors, ...(failure === undefined ? [] : [failure])].join("\n");
    if (text === this.#toldFaults) return;
    this.#toldFaults = text;
    this.#write(text === "" ? "All graphs are served again." : text);
  }

  /** The ids of the graphs that are served. */
  get graphIds(): readonly string[] {
    return this.#report().graphIds ?? [];
  }

  /** Ends the server. Settles when all its processes have ended. */
  async stop(): Promise<void> {
    this.#watcher?.close();
    this.#files.close();
    this.#aborted.abort(new Error("stopped"));
    clearTimeout(this.#timer);
    await this.#wrangler?.stop();
  }

  /** Ends the server without waiting for what it is doing. */
  kill(): void {
    this.#aborted.abort(new Error("stopped"));
    this.#wrangler?.kill();
  }

  /** wrangler listens before the Worker is built, and holds requests until then. */
  async #answers(wrangler: WranglerDev, url: string): Promise<void> {
    while (wrangler.code === null) {
      const response = await fetch(`${url}/ok`, { signal: this.#aborted.signal }).catch(() => undefined);
      if (response?.status === 503) throw new Error(((await response.json()) as { detail: string }).detail);
      await response?.body?.cancel();
      if (response?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      this.#aborted.signal.throwIfAborted();
    }
    throw new Error("wrangler has ended");
  }

  /** A graph whose module comes to no end takes for ever: says what is waited for, until the graphs are built. */
  #onProgress(line: string): void {
    const [, step] = /\b((?:loading graph|reading the types of) .*|Graphs: )/i.exec(line) ?? [];
    if (step === undefined) return;
    clearTimeout(this.#progress);
    if (step.startsWith("Graphs")) return;
    this.#progress = setTimeout(() => {
      this.#write(`Still ${step[0]?.toLowerCase()}${step.slice(1)}…`);
    }, STANDSTILL_MS).unref();
  }

  /** `wrangler dev` never fires cron triggers, so the watchdog would sleep: this starts it at every full minute. */
  #tick(): void {
    const next = async (): Promise<void> => {
      if (this.#serving) await this.#startWatchdog();
      if (this.code === null && !this.#isStopped()) this.#tick();
    };
    this.#timer = setTimeout(() => void next(), MINUTE_MS - (Date.now() % MINUTE_MS)).unref();
  }

  async #startWatchdog(): Promise<void> {
    try {
      const response = await fetch(`${String(this.url)}/cdn-cgi/local/scheduled`, {
        signal: AbortSignal.timeout(MINUTE_MS),
      });
      if (!response.ok) this.#write(`the watchdog answered ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (this.#serving && !this.#isStopped())
        this.#write(`the watchdog did not answer: ${messageOf(error)}`);
    }
  }

  #isStopped(): boolean {
    return this.#aborted.signal.aborted;
  }

  #report(): BuildReport {
    return readReport(this.#project.outDir);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
