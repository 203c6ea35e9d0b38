/** `edgecron destroy`: removes what `edgecron deploy` has made. */
import type { Command } from "commander";
import type { DestroyFlags } from "../deploy/destroy-command.js";

export function addDestroy(program: Command): void {
  program
    .command("destroy")
    .summary("remove a deployment from Cloudflare, with all its data")
    .description(
      "Deletes the Worker and the D1 database that `edgecron deploy` has made: crons, threads, runs and the store are lost. It says what " +
        "there is, and asks for the name of the Worker first.",
    )
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .option("-n, --name <name>", "the name of the Worker, if it was deployed with --name")
    .option("-e, --env <environment>", "an environment of the project's wrangler file")
    .option("-y, --yes", "do not ask", false)
    .option("--dry-run", "say what would be done; needs no account and no network", false)
    .addHelpText(
      "after",
      "\nExamples:\n  $ edgecron destroy --dry-run\n  $ edgecron destroy\n  $ edgecron destroy --yes --name my-agent-staging",
    )
    .action(async (flags: DestroyFlags) => {
      const { destroy } = await import("../deploy/destroy-command.js");
      const { interruptible } = await import("../deploy/interruption.js");
      process.exitCode = await interruptible(() => destroy(flags));
    });
}
