/** `edgecron deploy`: one command to Cloudflare. */
import type { Command } from "commander";
import { appended } from "../crons/connection.js";
import type { DeployFlags } from "../deploy/deploy-command.js";

export function addDeploy(program: Command): void {
  program
    .command("deploy")
    .summary("deploy to Cloudflare")
    .description(
      "Deploys the project to Cloudflare: checks the login, creates the D1 database, applies migrations, uploads the Worker with the " +
        "secrets of .env that it has not yet, and waits until it answers. It can be repeated: what is done already is not done again.",
    )
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .option(
      "-n, --name <name>",
      "the name of the Worker (default: that in wrangler.toml, in package.json, or of the folder)",
    )
    .option("-e, --env <environment>", "an environment of the project's wrangler file")
    .option("-y, --yes", "upload secrets, and print a new API key, without asking", false)
    .option("--no-secrets", "upload no secrets of .env")
    .option("--url <url>", "where the server answers, if not where wrangler says")
    .option(
      "--header <header>",
      'what an auth of the project asks of who compares the crons, such as "Authorization: Bearer …"; may be repeated',
      appended,
    )
    .option(
      "--dry-run",
      "build the project and say what would be done; needs no account and no network",
      false,
    )
    .addHelpText(
      "after",
      "\nExamples:\n  $ edgecron deploy --dry-run\n  $ edgecron deploy\n  $ edgecron deploy --yes --name my-agent-staging",
    )
    .action(async (flags: DeployFlags) => {
      const { deploy } = await import("../deploy/deploy-command.js");
      const { interruptible } = await import("../deploy/interruption.js");
      process.exitCode = await interruptible(() => deploy(flags));
    });
}
