/** What `edgecron dev` does about the crons that langgraph.json declares: it reconciles the server with them, and shows them. */
import { unwatchFile, watchFile } from "node:fs";
import { connectionOf } from "../crons/connection.js";
import { CronClient } from "../crons/cron-client.js";
import { type Declarations, readDeclarations } from "../crons/declaration-file.js";
import { DeclarationError } from "../crons/declarations.js";
import { MARKS } from "../crons/declared-cron.js";
import { Failure } from "../crons/failures.js";
import { assistantNames, cronTable } from "../crons/list.js";
import { refusedLine, remarks, stepLine } from "../crons/plan-text.js";
import { carryOut, planFor } from "../crons/reconcile.js";
import { processTerminal, styled } from "../crons/terminal.js";

/** A file of crons is looked at so often. */
const WATCH_MS = 1_000;

export class DeclaredCrons {
  readonly #configPath: string;
  readonly #terminal = processTerminal();
  #client: CronClient | null = null;
  /** Reconciliations are made one after the other. */
  #last: Promise<void> = Promise.resolve();
  /** Whether one is asked for that has not begun. */
  #isWaiting = false;
  #watched: string | null = null;
  /** What was said last about faults, which is not said again. */
  #told = "";
  #isShown = false;

  constructor(configPath: string) {
    this.#configPath = configPath;
  }

  /**
   * Reconciles now, and from now on whenever the crons may have changed. To be called when the server answers.
   * @param apiKey of the project; without one, that of the environment is sent
   */
  start(url: string, apiKey: string | null): void {
    const connection = connectionOf({ url, apiKey: apiKey ?? undefined }, process.env);
    this.#client = new CronClient(connection);
    this.reconcile();
  }

  /** Does nothing before the start. Never throws. */
  reconcile(): void {
    if (this.#client === null || this.#isWaiting) return;
    const client = this.#client;
    this.#isWaiting = true;
    this.#last = this.#last.then(async () => {
      this.#isWaiting = false;
      this.#tell(await this.#faultsOf(client));
    });
  }

  /** @returns what went wrong, in words */
  async #faultsOf(client: CronClient): Promise<string[]> {
    try {
      const declarations = readDeclarations(this.#configPath, null);
      this.#watch(declarations.ownFile);
      return await this.#reconcileWith(client, declarations);
    } catch (error) {
      if (error instanceof DeclarationError) return [error.message];
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
      await this.#show(client, declarations);
      for (const remark of remarks(terminal, plan)) terminal.print(remark);
      for (const note of this.#isShown ? [] : declarations.notes)
        terminal.print(styled(terminal, "yellow", `Note: ${note}`));
    }
    this.#isShown = true;
    const lines = refused.map(({ step, failure }) => refusedLine(terminal, step, failure.message));
    return broken === null ? lines : [...lines, broken.message];
  }

  async #show(client: CronClient, { project }: Declarations): Promise<void> {
    const crons = [];
    for await (const cron of client.searchAll({ metadata: { [MARKS.project]: project } })) crons.push(cron);
    if (crons.length === 0) return;
    this.#terminal.print(cronTable(this.#terminal, crons, await assistantNames(client)));
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
