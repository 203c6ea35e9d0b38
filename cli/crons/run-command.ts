/** Runs one of the commands on crons against the server that its options name, and says without a stack what went wrong. */
import { resolve } from "node:path";
import { connectionOf, type ConnectionOptions, DEFAULT_URL } from "./connection.js";
import type { Context } from "./context.js";
import { CronClient } from "./cron-client.js";
import { DeclarationError } from "./declarations.js";
import { EXIT, Failure } from "./failures.js";
import { serverVariables } from "./server-variables.js";
import { processTerminal } from "./terminal.js";

/** The options that every command has. */
export interface CommonOptions extends ConnectionOptions {
  json?: true;
  /** The path of langgraph.json. There need not be one. */
  config: string;
}

export async function runCommand(
  options: CommonOptions,
  command: (context: Context) => Promise<void>,
): Promise<void> {
  const terminal = processTerminal();
  // Whoever read the output, such as `head`, has enough.
  process.stdout.on("error", () => process.exit());
  const server = { url: "", defaultUrl: DEFAULT_URL };
  try {
    const variables = await serverVariables(resolve(options.config), process.env);
    const connection = connectionOf(options, variables);
    Object.assign(server, { url: connection.url, defaultUrl: DEFAULT_URL + variables.mountPrefix });
    const client = new CronClient(connection);
    await command({ client, terminal, json: options.json === true, confirm });
  } catch (error) {
    const isExpected = error instanceof Failure || error instanceof DeclarationError;
    if (!isExpected) throw error;
    terminal.say(error.message);
    const hint = error instanceof Failure ? hintOn(error, server) : undefined;
    if (hint !== undefined) terminal.say(hint);
    process.exitCode = EXIT[error instanceof Failure ? error.kind : "failed"];
  }
}

/** What to do, where the server cannot know it. */
function hintOn(
  { kind, cause }: Failure,
  { url, defaultUrl }: { url: string; defaultUrl: string },
): string | undefined {
  if (kind === "unreachable" && url === defaultUrl)
    return 'Start it with "edgecron dev", or name another by --url or EDGECRON_URL.';
  const isUnknown = cause instanceof Error && "status" in cause && cause.status === 401;
  return isUnknown
    ? "Give a key by --api-key or EDGECRON_API_KEY, or what an auth of the project asks for by --header."
    : undefined;
}

/** @throws Failure where there is nobody to ask */
async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new Failure("usage", `${question}\nNobody is there to answer: give --yes`);
  const prompts = await import("@clack/prompts");
  return (await prompts.confirm({ message: question, initialValue: false })) === true;
}
