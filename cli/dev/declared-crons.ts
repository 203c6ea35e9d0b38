/** What `edgecron dev` does about the crons that langgraph.json declares: it reconciles the server with them, and shows them. */
import { unwatchFile, watchFile } from "node:fs";
import { GraphConfigError, readConfig } from "../build/graphs-config.js";
import { connectionOf } from "../crons/connection.js";
import { CronClient } from "../crons/cron-client.js";
import { type Declarations, readDeclarations } from "../crons/declaration-file.js";
import { DeclarationError } from "../crons/declarations.js";
import { Failure } from "../crons/failures.js";
import { allCrons, assistantNames, cronTable } from "../crons/list.js";
import { refusedLine, remarks, stepLine } from "../crons/plan-text.js";
import { carryOut, planFor } from "../crons/reconcile.js";
import { serverVariables } from "../crons/server-variables.js";
import { processTerminal, styled } from "../crons/terminal.js";

/** More crons are not shown when the server starts. */
const MAX_SHOWN = 20;
/** A file of crons is looked at so often. */
const WATCH_MS = 1_000;

export class DeclaredCrons {
  readonly #configPath: string;
  readonly #terminal = processTerminal();
  /** The server, and the key with which it is called; null before the start. */
  #server: { url: string; apiKey: string | null } | null = null;
  /** Reconciliations are made one after the other. */
  #last: Promise<void> = Promise.resolve();
  /** Whether one is asked for that has not begun. */
  #isWaiting = false;
  #watched: string | null = null;
  /** What was said last about faults, which is not said again. */
  #told = "";
  #isShown = false;
  /** The requests of its own that the server has not logged yet. */
  #unlogged: string[] = [];

  constructor(configPath: string) {
    this.#configPath = configPath;
  }

  /**
   * Reconciles now, and from now on whenever the crons may have changed. To be called when the server answers.
   * @param apiKey of the project; without one, that of the environment is sent
   */
  start(url: string, apiKey: string | null): void {
    this.#server = { url, apiKey };
    this.reconcile();
  }

  /** Does nothing before the start. Never throws. */
  reconcile(): void {
    if (this.#server === null || this.#isWaiting) return;
    const { url, apiKey } = this.#server;
    this.#isWaiting = true;
    this.#last = this.#last.then(async () => {
      this.#isWaiting = false;
      this.#tell(await this.#faultsOf(url, apiKey));
    });
  }

  /** Whether the server has logged a request of its own, which is nothing to whoever reads the log. Each is told once. */
  isOwnRequest(line: string): boolean {
    const [, request] = /^(?:\[wrangler:info\] )?([A-Z]+ \S+) 2\d\d /.exec(line) ?? [];
    const index = request === undefined ? -1 : this.#unlogged.indexOf(request);
    if (index !== -1) this.#unlogged.splice(index, 1);
    return index !== -1;
  }

  #fetch: typeof fetch = (input, init) => {
    const { method, url } = new Request(input, init);
    this.#unlogged.push(`${method} ${new URL(url).pathname}`);
    return fetch(input, init);
  };

  /** @returns what went wrong, in words */
  async #faultsOf(url: string, apiKey: string | null): Promise<string[]> {
    let declaresSome = true;
    try {
      const { mountPrefix } = await readConfig(this.#configPath);
      const variables = await serverVariables(this.#configPath, process.env);
      const connection = { url: url + mountPrefix, apiKey: apiKey ?? undefined };
      const client = new CronClient({ ...connectionOf(connection, variables), fetch: this.#fetch });
      const declarations = readDeclarations(this.#configPath, null);
      this.#watch(declarations.ownFile);
      declaresSome = declarations.crons.length > 0;
      return await this.#reconcileWith(client, declarations);
    } catch (error) {
      // What is wrong with langgraph.json is told where the graphs are built.
      if (error instanceof GraphConfigError) return [];
      if (error instanceof DeclarationError) return [error.message];
      // Whoever may not see crons, or serves none, and declares none, has nothing to do about it.
      if (!declaresSome && error instanceof Failure && error.kind !== "unreachable") return [];
      const hint =
        error instanceof Failure && error.kind === "notAllowed"
          ? '; give a key by EDGECRON_API_KEY, or run "edgecron crons sync" with a --header'
          : "";
      return [`The crons of langgraph.json are not reconciled: ${messageOf(error)}${hint}`];
    }
  }

  /** @returns what the server refused */
  async #reconcileWith(client: CronClient, declarations: Declarations): Promise<string[]> {
    const terminal = this.#terminal;
    const plan = await planFor(client, declarations);
    const { done, refused, broken } = await carryOut(client, plan, (step) => {
      terminal.print(stepLine(terminal, step));
    });
    if (!this.#isShown || done.length > 0) {
      await this.#show(client);
      for (const remark of remarks(terminal, plan)) terminal.print(remark);
      for (const note of this.#isShown ? [] : declarations.notes)
        terminal.print(styled(terminal, "yellow", `Note: ${note}`));
    }
    this.#isShown = true;
    const lines = refused.map(({ step, failure }) => refusedLine(terminal, step, failure.message));
    return broken === null ? lines : [...lines, broken.message];
  }

  /** All crons of the server: those that were made by hand fire too. */
  async #show(client: CronClient): Promise<void> {
    const crons = await allCrons(client);
    if (crons.length === 0) return;
    const shown = crons.slice(0, MAX_SHOWN);
    this.#terminal.print(`\n${cronTable(this.#terminal, shown, await assistantNames(client))}`);
    const left = crons.length - shown.length;
    if (left > 0) this.#terminal.print(`… and ${left} more: npx edgecron crons list`);
    this.#terminal.print("");
  }

  #tell(faults: readonly string[]): void {
    const text = faults.join("\n");
    if (text !== this.#told && text !== "") this.#terminal.print(text);
    this.#told = text;
  }

  /** langgraph.json itself is watched by wrangler, which then loads the server again. */
  #watch(file: string | null): void {
    if (file === this.#watched) return;
    if (this.#watched !== null) unwatchFile(this.#watched);
    this.#watched = file;
    if (file === null) return;
    watchFile(file, { interval: WATCH_MS, persistent: false }, () => {
      this.reconcile();
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
