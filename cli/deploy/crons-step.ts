/** The step that makes the crons of the deployed server what the project declares. */
import { type Connection, CronClient } from "../crons/cron-client.js";
import type { Declarations } from "../crons/declaration-file.js";
import { Failure } from "../crons/failures.js";
import { meaning } from "../crons/plan-text.js";
import { inWords, reconcileCrons, syncCrons, type SyncContext } from "../crons/sync.js";
import { processTerminal, type Terminal } from "../crons/terminal.js";
import { StepFailure, type Step, type Tools } from "./steps.js";

/** A new version of the Worker answers everywhere within seconds. Before that, a new graph is not there. */
const PATIENCE = { limitMs: 30_000, everyMs: 3_000 };

/** The deployed server, as far as it is known when the step begins. */
export interface Server {
  readonly url: string | null;
  /** A key of an administrator. */
  readonly key: string | undefined;
  readonly needsKey: boolean;
  /** Headers beside the key, such as an `auth` of the project asks for. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @param server is asked when the step runs */
export function cronsStep(declarations: Declarations, server: Server, tools: Tools): Step {
  const { crons } = declarations;
  const terminal: Terminal = { ...processTerminal(), print: tools.report.line };
  return {
    title: "Crons",
    plan: () => [
      "Create, change and remove the crons that langgraph.json declares, or has declared before. Others stay as they are.",
      ...crons.map((cron) => `${cron.name}: ${meaning(terminal, cron)}`),
    ],
    run: async () => {
      if (crons.length === 0 && (server.url === null || (server.key === undefined && server.needsKey))) {
        return "langgraph.json declares none";
      }
      const { url } = server;
      if (url === null) {
        throw new StepFailure(
          "nobody knows where the server answers, so its crons cannot be compared with langgraph.json",
          "Give the address by --url, and repeat the command.",
        );
      }
      const key = server.needsKey ? await keyOf(server, tools) : (server.key ?? null);
      const context = contextOf({ url, apiKey: key, headers: server.headers }, terminal);
      try {
        const text = inWords(await reconcileCrons(context, declarations, { patience: PATIENCE }));
        if (text !== "") return text;
        return crons.length === 0 ? "langgraph.json declares none" : "nothing is to be done";
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (crons.length > 0 || error.kind !== "notAllowed") throw explained(error);
        return `langgraph.json declares none; whether it did before cannot be seen: ${error.message}`;
      }
    },
  };
}

/** Says how the crons of a server differ from what is declared. */
export async function showDifference(
  declarations: Declarations,
  { url, key, headers }: Pick<Server, "key" | "headers"> & { url: string },
  { report }: Pick<Tools, "report">,
): Promise<void> {
  const terminal: Terminal = { ...processTerminal(), print: report.line };
  try {
    const context = contextOf({ url, apiKey: key ?? null, headers }, terminal);
    await syncCrons(context, declarations, true);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    report.line(`The crons of ${url} could not be compared: ${error.message}`);
  }
}

const contextOf = (connection: Connection, terminal: Terminal): SyncContext => ({
  client: new CronClient(connection),
  terminal,
  json: false,
});

async function keyOf({ key, url }: Server, { asking, report }: Tools): Promise<string> {
  if (key !== undefined) return key;
  report.pause();
  return asking.typeSecretly(
    `langgraph.json declares crons. With which API key is ${url ?? "the server"} called?`,
    "Set EDGECRON_API_KEY to a key of the deployment, and repeat the command. Its crons are as they were.",
  );
}

function explained({ kind, message }: Failure): StepFailure {
  return new StepFailure(
    `the crons are not all as declared: ${message}`,
    kind === "notAllowed"
      ? "The Worker is deployed. Set EDGECRON_API_KEY to one of its API keys, and repeat the command. If the key is lost: npx wrangler secret put API_KEYS. " +
          'Where an "auth" of langgraph.json decides, give what it asks for: --header "authorization: Bearer …".'
      : "The Worker is deployed. Correct what is said above, and repeat the command.",
  );
}
