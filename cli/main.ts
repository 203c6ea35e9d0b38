#!/usr/bin/env node
/** The command `edgecron`. Each command is a file in `commands`; what it needs is imported when it runs, so that help is quick. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { addBuild } from "./commands/build.js";
import { addCrons } from "./commands/crons.js";
import { addDeploy } from "./commands/deploy.js";
import { addDestroy } from "./commands/destroy.js";
import { addDev } from "./commands/dev.js";
import { addInit } from "./commands/init.js";
import { packageRoot } from "./package-root.js";

const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  version: string;
};

const program = new Command("edgecron")
  .description(
    "Serves the graphs of a LangGraph project, and runs them on a schedule, on Cloudflare Workers.",
  )
  .version(version, "-v, --version", "print the version")
  .helpOption("-h, --help", "print what a command does")
  .helpCommand(false)
  .showHelpAfterError("(edgecron --help, or --help after a command, says more)")
  .addHelpText(
    "after",
    `
Examples:
  $ edgecron init my-agents       write a starter into a new folder
  $ edgecron dev                  serve the graphs of ./langgraph.json on this machine
  $ edgecron dev --config apps/agent/langgraph.json --port 9000
  $ edgecron build                write what is to be deployed to .edgecron/
  $ edgecron deploy               deploy it to Cloudflare
  $ edgecron crons list           show the crons of a server`,
  );
for (const add of [addInit, addDev, addBuild, addDeploy, addDestroy, addCrons]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
