/** `edgecron build`: the bundle and its configuration, for who deploys with a pipeline of their own. */
import type { Command } from "commander";
import type { Step } from "../deploy/steps.js";
import { projectAt } from "../project.js";

const HELP = `
What is written to .edgecron/bundle needs neither the graphs nor this command to be deployed:
  $ npx wrangler d1 create my-agents-edgecron        once; --database-id takes the id
  $ npx wrangler d1 migrations apply DB --remote --config .edgecron/bundle/wrangler.json
  $ npx wrangler deploy --config .edgecron/bundle/wrangler.json
  $ npx wrangler secret put API_KEYS --config .edgecron/bundle/wrangler.json

Examples:
  $ edgecron build
  $ edgecron build --config apps/agent/langgraph.json --name my-agents --database-id 7a1c…`;

interface Options {
  config: string;
  name?: string;
  databaseId?: string;
}

export function addBuild(program: Command): void {
  program
    .command("build")
    .summary("write the bundle and its configuration for wrangler, to deploy them otherwise")
    .description(
      "Writes the bundle, its configuration for wrangler and the migrations of its database to .edgecron/bundle.",
    )
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .option("--name <name>", "of the Worker; default: that of package.json")
    .option("--database-id <id>", "of the D1 database of the server")
    .addHelpText("after", HELP)
    .action(async ({ config, name, databaseId }: Options) => {
      const { writeBundle } = await import("../build/bundle.js");
      const { consoleReport } = await import("../deploy/report.js");
      const { runSteps } = await import("../deploy/steps.js");
      const { interruptible } = await import("../deploy/interruption.js");
      const report = consoleReport();
      const step: Step = {
        title: "Project",
        plan: () => [],
        run: async () => {
          const { dir, done, notes, crons } = await writeBundle(projectAt(config), { name, databaseId });
          for (const line of [...crons, ...notes.map((note) => `Note: ${note}`)]) report.line(line);
          return `${done}. It is in ${dir}; "edgecron build --help" says how to deploy it`;
        },
      };
      process.exitCode = await interruptible(async () => ((await runSteps([step], report)) ? 0 : 1));
    });
}
