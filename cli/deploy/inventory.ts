/** The steps with which `edgecron deploy` and `edgecron destroy` begin: whose account it is, and what of the project is there already. */
import { findAccount, type Account } from "./account.js";
import { findDatabase } from "./database.js";
import { findSecrets } from "./remote-worker.js";
import { StepFailure, type Step, type Tools } from "./steps.js";
import type { Target } from "./target.js";

/** What differs between the commands. */
export interface LookTexts {
  plan: string[];
  /** What to do when the Worker is there and was deployed by somebody else. */
  advice: string;
  /** What was found, in words. */
  found: () => string;
}

export class Inventory {
  /** The names of the secrets of the Worker; null when there is no such Worker. */
  secrets: Set<string> | null = null;
  /** That of the project's wrangler file, or of the database that was found; undefined when there is none. */
  databaseId: string | undefined;
  #account: Account | null = null;
  readonly #target: Pick<Target, "name" | "database" | "accountId">;
  readonly #tools: Tools;

  constructor(target: Pick<Target, "name" | "database" | "accountId">, tools: Tools) {
    this.#target = target;
    this.#tools = tools;
  }

  login(): Step {
    const { accountId } = this.#target;
    return {
      title: "Login",
      plan: () => [
        "Ask wrangler who is logged in: by `npx wrangler login`, or by CLOUDFLARE_API_TOKEN.",
        accountId === undefined
          ? "Take the account of the login; if there are several, ask which."
          : `Take the account ${accountId}.`,
      ],
      run: async () => {
        this.#account = await findAccount(this.#tools, accountId);
        const { id, name } = this.#account;
        return name === id ? `the account ${id}` : `${name} (${id})`;
      },
    };
  }

  look({ plan, advice, found }: LookTexts): Step {
    const { name, database } = this.#target;
    return {
      title: "Account",
      plan: () => plan,
      run: async () => {
        [this.secrets, this.databaseId] = await Promise.all([
          findSecrets(this.#tools, this.accountId, name),
          database.id ?? findDatabase(this.#tools, this.accountId, database.name),
        ]);
        if (this.secrets !== null && this.databaseId === undefined) {
          throw new StepFailure(
            `the account has a Worker "${name}", but no D1 database "${database.name}", so EdgeCron did not deploy that Worker`,
            advice,
          );
        }
        return found();
      },
    };
  }

  /** Known after the login. */
  get accountId(): string {
    if (this.#account === null) throw new Error("the login comes first");
    return this.#account.id;
  }
}
