/** `edgecron build`: the bundle, for who deploys with a pipeline of their own. */
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { projectAt } from "../project.js";

export function addBuild(program: Command): void {
  program
    .command("build")
    .summary("write the bundle and the configuration of wrangler")
    .description(
      "Writes the bundle to .edgecron/bundle and the configuration of wrangler to .edgecron/wrangler.json.",
    )
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .addHelpText(
      "after",
      "\nExamples:\n  $ edgecron build\n  $ edgecron build --config apps/agent/langgraph.json",
    )
    .action(async ({ config }: { config: string }) => {
      const { writeWranglerConfig } = await import("../wrangler-config.js");
      const { wranglerCommand } = await import("../wrangler.js");
      const project = projectAt(config);
      const environment = await writeWranglerConfig(project);
      const bundle = join(project.outDir, "bundle");
      const args = ["deploy", "--dry-run", "--config", project.wranglerConfig, "--outdir", bundle];
      const [command, words] = wranglerCommand(args);
      const { status } = spawnSync(command, words, {
        cwd: project.dir,
        env: { ...process.env, ...environment },
        stdio: "inherit",
      });
      process.exitCode = status ?? 1;
    });
}
