/** What `edgecron destroy` does: it removes what `edgecron deploy` has made, and says before what will be lost. */
import { deleteDatabase } from "./database.js";
import { Inventory } from "./inventory.js";
import { deleteWorker } from "./remote-worker.js";
import { StepFailure, type Step, type Tools } from "./steps.js";
import type { Target } from "./target.js";

type Destroyed = Pick<Target, "name" | "database" | "accountId">;

export class Destruction {
  readonly #inventory: Inventory;
  readonly #target: Destroyed;
  readonly #tools: Tools;
  readonly #yes: boolean;

  constructor(target: Destroyed, tools: Tools, { yes }: { yes: boolean }) {
    this.#inventory = new Inventory(target, tools);
    this.#target = target;
    this.#tools = tools;
    this.#yes = yes;
  }

  /** Finding out what there is. */
  search(): Step[] {
    return [this.#inventory.login(), this.#look()];
  }

  /** What there is to lose, in words; empty when there is nothing. */
  get losses(): string[] {
    const { name, database } = this.#target;
    const secrets = [...(this.#inventory.secrets ?? [])].join(", ");
    return [
      ...(this.#inventory.secrets === null
        ? []
        : [
            `the Worker "${name}", its address and its schedules`,
            "all crons with their ledgers, all threads with their states, and the runs that are under way",
            ...(secrets === "" ? [] : [`its secrets: ${secrets}`]),
          ]),
      ...(this.#databaseId === undefined
        ? []
        : [`the D1 database "${database.name}": assistants, the store, and the records of runs`]),
    ];
  }

  /** Asks for the name, unless `--yes` was given. @throws StepFailure when it is not confirmed */
  async confirm(): Promise<void> {
    if (this.#yes) return;
    const { name } = this.#target;
    const typed = await this.#tools.asking.type(
      `None of this can be brought back. Type ${name} to destroy it.`,
      "Give --yes to destroy it without being asked.",
    );
    if (typed.trim() !== name) {
      throw new StepFailure(
        "nothing was destroyed",
        `What you typed is not "${name}". Repeat the command to try again.`,
      );
    }
  }

  /** The Worker goes first, because it would go on writing to the database. */
  steps(): Step[] {
    const { name, database } = this.#target;
    return [
      {
        title: "Worker",
        plan: () => [
          `Delete the Worker "${name}" with its crons and threads${this.#yes ? "" : ", after asking for its name"}.`,
        ],
        run: async () => {
          if (this.#inventory.secrets === null) return `there is no Worker "${name}"`;
          await deleteWorker(this.#tools, this.#inventory.accountId, name);
          return `"${name}" is deleted`;
        },
      },
      {
        title: "Database",
        plan: () => [
          database.id === undefined
            ? `Delete the D1 database "${database.name}" with assistants, the store and the records of runs.`
            : `Keep the D1 database ${database.id} of your wrangler file.`,
        ],
        run: async () => {
          if (database.id !== undefined) {
            return `the D1 database ${database.id} of your wrangler file is kept: EdgeCron did not make it`;
          }
          if (this.#databaseId === undefined) return `there is no D1 database "${database.name}"`;
          await deleteDatabase(this.#tools, this.#inventory.accountId, this.#databaseId);
          return `"${database.name}" is deleted`;
        },
      },
    ];
  }

  #look(): Step {
    const { name } = this.#target;
    return this.#inventory.look({
      plan: ["Look what there is."],
      advice: `Nothing was destroyed. If it is to be deleted all the same: npx wrangler delete ${name}`,
      found: () =>
        this.losses.length === 0 ? "nothing of this project is there" : "found what was deployed",
    });
  }

  /** The database that EdgeCron has made. One that the project's wrangler file names is not its to delete. */
  get #databaseId(): string | undefined {
    return this.#target.database.id === undefined ? this.#inventory.databaseId : undefined;
  }
}
