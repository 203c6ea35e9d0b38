/** `edgecron init`: a starter for who has no project yet. */
import { resolve } from "node:path";
import type { Command } from "commander";

export function addInit(program: Command): void {
  program
    .command("init")
    .summary("write a starter: langgraph.json with a cron, a graph, .env.example")
    .description(
      "Writes a starter into a folder: langgraph.json with a graph and a cron, the graph, .env.example and a README. Files that are there already are kept.",
    )
    .argument("[folder]", "where to; it is made when it is not there", ".")
    .addHelpText("after", "\nExamples:\n  $ edgecron init\n  $ edgecron init my-agents")
    .action(async (folder: string) => {
      const { writeStarter } = await import("../init/starter.js");
      const { written, kept } = writeStarter(resolve(folder));
      for (const file of written) console.log(`wrote  ${file}`);
      for (const file of kept) console.log(`kept   ${file}`);
      const steps = [...(folder === "." ? [] : [`cd ${folder}`]), "npm install", "npx edgecron dev"];
      console.log(`\nNext:\n${steps.map((step) => `  ${step}`).join("\n")}`);
    });
}
