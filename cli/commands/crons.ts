/** `edgecron crons`: the crons of a server, local or deployed, from the command line. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { SlotStatus } from "../../src/wire/crons/slot";
import { appended, DEFAULT_URL } from "../crons/connection.js";
import type { Context } from "../crons/context.js";
import { EXIT } from "../crons/failures.js";
import type { CommonOptions as Common } from "../crons/run-command.js";

const HELP = `
A cron is named by its id, by the beginning of its id if that is unambiguous, or by its name in langgraph.json.

Without --url and EDGECRON_URL it is the server of "edgecron dev" at its usual port, with the http.mount_prefix of langgraph.json. A URL
that is given is complete: it has such a path in it.

Environment, also in .env of the project: EDGECRON_URL, EDGECRON_API_KEY. A server on this machine is called with the
key in API_KEYS of .env when there is no other. NO_COLOR turns colours off.

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

const SLOT_STATUSES = [
  "pending",
  "fired",
  "skipped",
  "missed",
  "rolled_back",
] as const satisfies SlotStatus[];
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
      .option(
        "-c, --config <path>",
        "the langgraph.json of the project whose server it is",
        fileOf,
        "langgraph.json",
      )
      .option("--json", "print the API's own objects, for scripts");

  add("list", "List all crons, the next to fire first.").action((options: Common) =>
    run(options, async (context) => {
      const { listCrons } = await import("../crons/list.js");
      await listCrons(context);
    }),
  );

  add("next [cron]", "Show what fires when, of all crons or of one.")
    .option("-n, --count <number>", "how many times", wholeNumber(MAX_TIMES), 10)
    .action((cron: string | undefined, options: Common & { count: number }) =>
      run(options, async (context) => {
        const { nextSlots } = await import("../crons/next.js");
        await nextSlots(context, cron, options.count);
      }),
    );

  add("show <cron>", "Show all about a cron.").action((cron: string, options: Common) =>
    run(options, async (context) => {
      const { showCron } = await import("../crons/show.js");
      await showCron(context, cron);
    }),
  );

  add("run <cron>", "Have a cron run now. Its schedule does not change.")
    .option("--wait", "wait until the run has ended, and show how")
    .option(
      "--input <json>",
      "the input in place of the cron's own: JSON, or @ and a file with JSON",
      inputOf,
    )
    .action((cron: string, { input, wait, ...options }: Common & { wait?: true; input?: unknown }) =>
      run(options, async (context) => {
        const { runCron } = await import("../crons/run.js");
        await runCron(context, cron, { input, waits: wait === true });
      }),
    );

  add("pause <cron>", "Pause a cron.")
    .option("--note <text>", "the reason, which is shown with the cron")
    .action((cron: string, { note, ...options }: Common & { note?: string }) =>
      run(options, async (context) => {
        const { pauseCron } = await import("../crons/by-hand.js");
        await pauseCron(context, cron, note);
      }),
    );

  add("resume <cron>", "Have a paused cron fire again, from the next slot on.")
    .option("--note <text>", "the reason, which is shown with the cron")
    .action((cron: string, { note, ...options }: Common & { note?: string }) =>
      run(options, async (context) => {
        const { resumeCron } = await import("../crons/by-hand.js");
        await resumeCron(context, cron, note);
      }),
    );

  add("history <cron>", "Show what became of the slots of a cron, newest first.")
    .option("-n, --limit <number>", "how many slots", wholeNumber(MAX_SLOTS), 20)
    .addOption(new Option("--status <status>", "only slots with this status").choices(SLOT_STATUSES))
    .action((cron: string, { limit, status, ...options }: Common & { limit: number; status?: SlotStatus }) =>
      run(options, async (context) => {
        const { showHistory } = await import("../crons/history.js");
        await showHistory(context, cron, { limit, status });
      }),
    );

  add("delete <cron>", "Delete a cron and its history. Asks first.")
    .option("-y, --yes", "do not ask")
    .action((cron: string, { yes, ...options }: Common & { yes?: true }) =>
      run(options, async (context) => {
        const { deleteCron } = await import("../crons/by-hand.js");
        await deleteCron(context, cron, yes === true);
      }),
    );

  add("sync", "Make the crons of a server what langgraph.json declares.")
    .option("--dry-run", "only say what would be done")
    .action(({ dryRun, ...options }: Common & { dryRun?: true }) =>
      run(options, async (context) => {
        const { readDeclarations } = await import("../crons/declaration-file.js");
        const { syncCrons } = await import("../crons/sync.js");
        await syncCrons(context, readDeclarations(resolve(options.config), null), dryRun === true);
      }),
    );
}

/** What a command needs is imported when it runs. */
async function run(options: Common, command: (context: Context) => Promise<void>): Promise<void> {
  const { runCommand } = await import("../crons/run-command.js");
  await runCommand(options, command);
}

/** Mistakes in the command line have an exit code of their own. */
const withExitCodes = (command: Command): Command =>
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT.usage));

/** Without the option there need not be such a file. */
function fileOf(path: string): string {
  if (existsSync(path)) return path;
  throw new InvalidArgumentError("There is no such file.");
}

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
