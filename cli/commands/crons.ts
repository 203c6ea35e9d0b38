/** `edgecron crons`: the crons of a server, local or deployed, from the command line. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { SlotStatus } from "../../src/wire/crons/slot";
import { deleteCron, pauseCron, resumeCron } from "../crons/by-hand.js";
import { connectionOf, DEFAULT_URL, type ConnectionOptions } from "../crons/connection.js";
import type { Context } from "../crons/context.js";
import { CronClient } from "../crons/cron-client.js";
import { readDeclarations } from "../crons/declaration-file.js";
import { DeclarationError } from "../crons/declarations.js";
import { EXIT, Failure } from "../crons/failures.js";
import { showHistory, SLOT_STATUSES } from "../crons/history.js";
import { listCrons } from "../crons/list.js";
import { nextSlots } from "../crons/next.js";
import { runCron } from "../crons/run.js";
import { showCron } from "../crons/show.js";
import { syncCrons } from "../crons/sync.js";
import { processTerminal } from "../crons/terminal.js";

const HELP = `
A cron is named by its id, by the beginning of its id if that is unambiguous, or by its name in langgraph.json.

Environment: EDGECRON_URL, EDGECRON_API_KEY; NO_COLOR turns colours off.

Exit codes:
  0  done
  1  failed: refused by the server, or the run that was waited for did not succeed
  2  the command line is wrong, or a name may mean several crons
  3  there is no such cron
  4  the server does not allow it: no key, a wrong one, or no permission
  5  the server does not answer, or has failed itself

Examples:
  $ edgecron crons list
  $ edgecron crons run morning --wait
  $ edgecron crons history morning --limit 5 --json
  $ edgecron crons pause morning --note holidays --url https://edgecron.example.workers.dev`;

/** The options that every command has. */
interface Common extends ConnectionOptions {
  json?: true;
}

const MAX_SLOTS = 100_000;
const MAX_TIMES = 100;

/** Adds the command to the program. */
export function addCrons(program: Command): void {
  const crons = withExitCodes(
    program
      .command("crons")
      .summary("show and steer the crons of a server")
      .description("Shows and steers the crons of a server, local or deployed.")
      .helpCommand(false)
      .addHelpText("after", HELP),
  );
  const add = (nameAndArguments: string, description: string): Command =>
    withExitCodes(crons.command(nameAndArguments).description(description))
      .option("--url <url>", `the server (default: EDGECRON_URL, or ${DEFAULT_URL})`)
      .option("--api-key <key>", "its key (default: EDGECRON_API_KEY)")
      .option(
        "--header <header>",
        'another header, such as "Authorization: Bearer …"; may be repeated',
        appended,
      )
      .option("--json", "print the API's own objects, for scripts");

  add("list", "List all crons, the next to fire first.").action((options: Common) => run(options, listCrons));

  add("next [cron]", "Show what fires when, of all crons or of one.")
    .option("-n, --count <number>", "how many times", wholeNumber(MAX_TIMES), 10)
    .action((cron: string | undefined, options: Common & { count: number }) =>
      run(options, (context) => nextSlots(context, cron, options.count)),
    );

  add("show <cron>", "Show all about a cron.").action((cron: string, options: Common) =>
    run(options, (context) => showCron(context, cron)),
  );

  add("run <cron>", "Have a cron run now. Its schedule does not change.")
    .option("--wait", "wait until the run has ended, and show how")
    .option(
      "--input <json>",
      "the input in place of the cron's own: JSON, or @ and a file with JSON",
      inputOf,
    )
    .action((cron: string, { input, wait, ...options }: Common & { wait?: true; input?: unknown }) =>
      run(options, (context) => runCron(context, cron, { input, waits: wait === true })),
    );

  add("pause <cron>", "Pause a cron.")
    .option("--note <text>", "the reason, which is shown with the cron")
    .action((cron: string, { note, ...options }: Common & { note?: string }) =>
      run(options, (context) => pauseCron(context, cron, note)),
    );

  add("resume <cron>", "Have a paused cron fire again, from the next slot on.")
    .option("--note <text>", "the reason, which is shown with the cron")
    .action((cron: string, { note, ...options }: Common & { note?: string }) =>
      run(options, (context) => resumeCron(context, cron, note)),
    );

  add("history <cron>", "Show what became of the slots of a cron, newest first.")
    .option("-n, --limit <number>", "how many slots", wholeNumber(MAX_SLOTS), 20)
    .addOption(new Option("--status <status>", "only slots with this status").choices(SLOT_STATUSES))
    .action((cron: string, { limit, status, ...options }: Common & { limit: number; status?: SlotStatus }) =>
      run(options, (context) => showHistory(context, cron, { limit, status })),
    );

  add("delete <cron>", "Delete a cron and its history. Asks first.")
    .option("-y, --yes", "do not ask")
    .action((cron: string, { yes, ...options }: Common & { yes?: true }) =>
      run(options, (context) => deleteCron(context, cron, yes === true)),
    );

  add("sync", "Make the crons of a server what langgraph.json declares.")
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .option("--dry-run", "only say what would be done")
    .action(({ config, dryRun, ...options }: Common & { config: string; dryRun?: true }) =>
      run(options, (context) => syncCrons(context, readDeclarations(resolve(config), null), dryRun === true)),
    );
}

/** Runs a command, and says what went wrong without a stack. */
async function run(options: Common, command: (context: Context) => Promise<void>): Promise<void> {
  const terminal = processTerminal();
  // Whoever read the output, such as `head`, has enough.
  process.stdout.on("error", () => process.exit());
  try {
    const client = new CronClient(connectionOf(options, process.env));
    await command({ client, terminal, json: options.json === true, confirm });
  } catch (error) {
    const isExpected = error instanceof Failure || error instanceof DeclarationError;
    if (!isExpected) throw error;
    terminal.say(error.message);
    process.exitCode = EXIT[error instanceof Failure ? error.kind : "failed"];
  }
}

/** @throws Failure where there is nobody to ask */
async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new Failure("usage", `${question}\nNobody is there to answer: give --yes`);
  const prompts = await import("@clack/prompts");
  return (await prompts.confirm({ message: question, initialValue: false })) === true;
}

/** Mistakes in the command line have an exit code of their own. */
const withExitCodes = (command: Command): Command =>
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT.usage));

const appended = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

const wholeNumber =
  (max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > max)
      throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
    return value;
  };

/** JSON, or the name of a file with JSON after an `@`. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`Expected JSON, or @ and a file with JSON: ${reason}`);
  }
}
