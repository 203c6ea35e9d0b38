/** What `edgecron deploy` does, step by step. What is there already is asked of Cloudflare each time, and remembered nowhere. */
import { createDatabase, applyMigrations } from "./database.js";
import { waitUntilUp, type Patience } from "./health.js";
import { Inventory } from "./inventory.js";
import { findSecrets } from "./remote-worker.js";
import { administratorKey, chooseSecrets, newApiKey, type SecretChoice } from "./secrets.js";
import { StepFailure, type Step, type Tools } from "./steps.js";
import type { Target } from "./target.js";
import { wranglerFailure } from "./wrangler-failures.js";

export interface DeployOptions {
  /** Answers the questions: secrets are uploaded, and a new API key may be printed where there is no terminal. */
  yes: boolean;
  /** False: no secret of the project is uploaded. */
  secrets: boolean;
  /** Where the server answers, if not where wrangler says. */
  url?: string | undefined;
  /** Headers with which its crons are compared, such as an `auth` of the project asks for. */
  headers?: Readonly<Record<string, string>>;
  patience?: Patience;
}

/** The key with which the project's own commands call the server. */
const OWN_KEY = "EDGECRON_API_KEY";
const ownKey = ({ variables }: Target): string | undefined =>
  [process.env[OWN_KEY], variables[OWN_KEY]].find((key) => key !== undefined && key !== "");

export class Deployment {
  /** Where the server answers; null when nobody knows. */
  url: string | null = null;
  /** A key that this deployment made, and that was not shown yet. */
  newKey: string | null = null;
  /** A key of an administrator, as far as this machine knows one. */
  key: string | undefined;
  #uploads: Record<string, string> = {};
  #configPath = "";

  readonly #inventory: Inventory;
  readonly #target: Target;
  readonly #tools: Tools;
  readonly #options: DeployOptions;

  constructor(target: Target, tools: Tools, options: DeployOptions) {
    this.#inventory = new Inventory(target, tools);
    this.#target = target;
    this.#tools = tools;
    this.#options = options;
    this.key = ownKey(target) ?? administratorKey(target.variables.API_KEYS);
  }

  steps(): Step[] {
    const steps = [
      this.#inventory.login(),
      this.#look(),
      this.#secrets(),
      this.#database(),
      this.#migrations(),
    ];
    return [...steps, this.#worker(), this.#answer()];
  }

  #look(): Step {
    const { name, database } = this.#target;
    return this.#inventory.look({
      plan: [
        `Look whether it has the Worker "${name}" and the D1 database "${database.name}" already.`,
        `Stop if there is a Worker "${name}" that EdgeCron did not deploy.`,
      ],
      advice:
        "Choose another name with --name, so that the Worker is not overwritten. If you have deleted the database yourself, remove the " +
        `Worker too: npx wrangler delete ${name}`,
      found: () =>
        this.#inventory.secrets === null
          ? `the Worker "${name}" is new`
          : `the Worker "${name}" is there, and gets a new version`,
    });
  }

  #secrets(): Step {
    const { variables, bindings, needsKey } = this.#target;
    const choose = (): SecretChoice =>
      chooseSecrets(variables, bindings, this.#inventory.secrets ?? new Set());
    return {
      title: "Secrets",
      plan: () => {
        const { missing, leftOut } = choose();
        const names = this.#options.secrets ? Object.keys(missing).join(", ") : "";
        return [
          ...(names === ""
            ? ["Upload no secrets."]
            : [`Upload those that the Worker has not yet, after asking: ${names}.`]),
          ...[...leftOut].map(([why, left]) => `Leave out ${left.join(", ")}: ${why}.`),
          ...(!needsKey || "API_KEYS" in missing
            ? []
            : ["Make an API key if the Worker has none, and show it once."]),
        ];
      },
      run: async () => {
        const choice = choose();
        const names = Object.keys(choice.missing);
        if (names.length > 0 && this.#options.secrets && (await this.#mayUpload(names))) {
          this.#uploads = { ...choice.missing };
        }
        const key = this.#addKey();
        return (
          [
            ...Object.keys(this.#uploads).map((name) => (name === "API_KEYS" ? key : `${name} is uploaded`)),
            ...choice.present.map((name) => `${name} stays as it is`),
            ...[...choice.leftOut].map(([why, left]) => `${left.join(", ")}: left out (${why})`),
          ].join("; ") || "none"
        );
      },
    };
  }

  async #mayUpload(names: readonly string[]): Promise<boolean> {
    if (this.#options.yes) return true;
    this.#tools.report.pause();
    return this.#tools.asking.confirm(
      `Upload ${names.join(", ")} of ${this.#target.variablesFrom} as ${names.length === 1 ? "a secret" : "secrets"} of the Worker?`,
      "Give --yes to upload them, or --no-secrets to deploy without them.",
    );
  }

  /** Sees to it that the Worker will have an API key. @returns where that comes from */
  #addKey(): string {
    const from = this.#chooseKey();
    this.key = administratorKey(this.#uploads.API_KEYS) ?? this.key;
    return from;
  }

  #chooseKey(): string {
    if ("API_KEYS" in this.#uploads) return "API_KEYS is uploaded";
    if (!this.#target.needsKey || this.#inventory.secrets?.has("API_KEYS") === true) return "";
    const own = ownKey(this.#target);
    if (own !== undefined) {
      chooseSecrets({ API_KEYS: own }, new Set(), new Set());
      this.#uploads.API_KEYS = own;
      return `API_KEYS is what ${OWN_KEY} says`;
    }
    if (!this.#options.yes && !this.#tools.asking.isTerminal) {
      throw new StepFailure(
        "The Worker has no API key, and a new one would be printed to a log",
        `Set API_KEYS in ${this.#target.variablesFrom}, or ${OWN_KEY} in the environment, to a text of at least 16 characters ` +
          "(`openssl rand -hex 32`). Or give --yes: then a key is made and printed here.",
      );
    }
    this.newKey = newApiKey();
    this.#uploads.API_KEYS = this.newKey;
    return "a new API key is made";
  }

  #database(): Step {
    const { database } = this.#target;
    return {
      title: "Database",
      plan: () => [
        database.id === undefined
          ? `Create the D1 database "${database.name}", unless the account has it.`
          : `Use the D1 database ${database.id} of the wrangler file.`,
      ],
      run: async () => {
        const { accountId, databaseId: found } = this.#inventory;
        const id = found ?? (await createDatabase(this.#tools, accountId, database.name));
        this.#configPath = this.#target.writeConfig(accountId, id);
        return `the D1 database "${database.name}" ${found === undefined ? "is created" : "is there"} (${id})`;
      },
    };
  }

  #migrations(): Step {
    return {
      title: "Migrations",
      plan: () => [
        "Apply the migrations that the database has not yet. The Worker that runs until now works with them too.",
      ],
      run: async () => {
        const applied = await applyMigrations(this.#tools, this.#inventory.accountId, {
          configPath: this.#configPath,
          environment: this.#target.environment,
        });
        if (applied.length === 0) return "the database has all of them";
        return `${applied.length} ${applied.length === 1 ? "is" : "are"} applied, up to ${applied.at(-1) ?? ""}`;
      },
    };
  }

  #worker(): Step {
    const { name } = this.#target;
    return {
      title: "Worker",
      plan: () => [
        `Upload the Worker "${name}" and the secrets together, so that it is never reachable without a key.`,
      ],
      run: async () => {
        const result = await this.#upload();
        if (result.code !== 0) {
          await this.#showKeyIfStored();
          throw wranglerFailure(`the Worker "${name}" could not be deployed`, result);
        }
        const address = addressOf(result.targets);
        this.url = this.#options.url ?? (address && address + this.#target.mountPrefix);
        return `"${name}" is deployed${this.url === null ? "" : ` to ${this.url}`}`;
      },
    };
  }

  /** Whoever ends the command now must not lose the key, which may be stored already. */
  async #upload(): ReturnType<Tools["wrangler"]> {
    const showKey = (): void => {
      this.showKey("The upload was stopped. If it was through, this is the API key:");
    };
    process.once("exit", showKey);
    try {
      return await this.#tools.wrangler(["deploy"], {
        accountId: this.#inventory.accountId,
        configPath: this.#configPath,
        environment: this.#target.environment,
        ...(Object.keys(this.#uploads).length > 0 && { secrets: this.#uploads }),
      });
    } finally {
      process.off("exit", showKey);
    }
  }

  /** A failed deployment may have uploaded the Worker with its secrets, and have failed after that. */
  async #showKeyIfStored(): Promise<void> {
    if (this.newKey === null) return;
    const secrets = await findSecrets(this.#tools, this.#inventory.accountId, this.#target.name).catch(
      () => undefined,
    );
    if (secrets === undefined) this.showKey("If the upload was through, this is the API key:");
    else if (secrets?.has("API_KEYS") === true) this.showKey("The Worker is uploaded, with this API key:");
  }

  /** Shows the new key, once. */
  showKey(introduction: string): void {
    if (this.newKey === null) return;
    const { report } = this.#tools;
    report.line(
      `\n${introduction}\n\n  ${this.newKey}\n\nIt is not shown again. Keep it where you keep secrets.\n`,
    );
    this.newKey = null;
  }

  #answer(): Step {
    return {
      title: "Answer",
      plan: () => ["Wait until the server answers at /ok, and D1 too."],
      run: async () => {
        if (this.url === null)
          return "not asked for: wrangler names no address of the Worker; give it by --url";
        await waitUntilUp(this.url, this.#options.patience);
        return `${this.url} is up`;
      },
    };
  }

  get needsKey(): boolean {
    return this.#target.needsKey;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#options.headers ?? {};
  }
}

/** @param targets as wrangler tells them: addresses, routes, and schedules */
function addressOf(targets: readonly string[]): string | null {
  const domain = targets
    .map((target) => /^(\S+) \(custom domain\b/.exec(target)?.[1])
    .find((name) => name !== undefined);
  if (domain !== undefined) return `https://${domain}`;
  return targets.find((target) => target.startsWith("https://")) ?? null;
}
