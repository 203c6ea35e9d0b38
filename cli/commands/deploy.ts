/** `edgecron deploy`: deploys with wrangler. */
import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { projectAt } from "../project.js";

export function addDeploy(program: Command): void {
  program
    .command("deploy")
    .summary("deploy to Cloudflare")
    .description("Deploys with wrangler. Every flag of `wrangler deploy` may be given.")
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", "\nExamples:\n  $ edgecron deploy\n  $ edgecron deploy --dry-run")
    .action(async ({ config }: { config: string }, { args }: Command) => {
      const { writeWranglerConfig } = await import("../wrangler-config.js");
      const { wranglerCommand } = await import("../wrangler.js");
      const project = projectAt(config);
      const environment = await writeWranglerConfig(project);
      const [command, words] = wranglerCommand(["deploy", "--config", project.wranglerConfig, ...args]);
      const { status } = spawnSync(command, words, {
        cwd: project.dir,
        env: { ...process.env, ...environment },
        stdio: "inherit",
      });
      process.exitCode = status ?? 1;
    });
}
