/** `edgecron deploy`: what its steps are, and what is said before and after them. */
import { join } from "node:path";
import { headersOf, serverUrl } from "../crons/connection.js";
import { projectAt } from "../project.js";
import { terminal } from "./asking.js";
import { cronsStep, showDifference } from "./crons-step.js";
import { BUNDLE, type PlaceFlags } from "./deployed-config.js";
import { Deployment } from "./deployment.js";
import { build, targetOf, wranglerOf } from "./project-target.js";
import { consoleReport } from "./report.js";
import { describeSteps, runSteps, type Step } from "./steps.js";
import type { Target } from "./target.js";

export interface DeployFlags extends PlaceFlags {
  config: string;
  yes: boolean;
  secrets: boolean;
  url?: string;
  /** Headers with which the crons are compared, as `Name: value`. */
  header?: string[];
  dryRun: boolean;
}

/** @returns the exit code */
export async function deploy(flags: DeployFlags): Promise<number> {
  const headers = headersOf(flags.header);
  const url = flags.url === undefined ? undefined : serverUrl(flags.url);
  const project = projectAt(flags.config);
  const report = consoleReport();
  const tools = { wrangler: wranglerOf(project), asking: terminal, report };
  let target: Target | undefined;
  const projectStep: Step = {
    title: "Project",
    plan: () => ["Load the graphs and bundle the Worker."],
    run: async () => {
      target = await targetOf(project, flags);
      const { environment } = target;
      const folder = join(project.outDir, BUNDLE);
      const { done, notes } = await build(project, tools.wrangler, { folder, environment });
      for (const note of notes) report.line(`Note: ${note}`);
      return done;
    },
  };
  if (!(await runSteps([projectStep], report)) || target === undefined) return 1;

  const deployment = new Deployment(target, tools, { ...flags, url, headers });
  const { declarations } = target;
  const steps = [...deployment.steps(), cronsStep(declarations, deployment, tools)];
  if (flags.dryRun) {
    report.line(
      `\nThis is what would be done to deploy "${target.name}". Nothing is done, and nobody was asked.\n`,
    );
    describeSteps(steps, report);
    const server = url ?? process.env.EDGECRON_URL ?? "";
    if (server !== "") {
      await showDifference(declarations, { url: serverUrl(server), key: deployment.key, headers }, tools);
    }
    return 0;
  }
  const done = await runSteps(steps, report);
  deployment.showKey("The API key, with which requests are sent as x-api-key:");
  if (!done) return 1;
  sayWhatNext(deployment, target, flags, report.line);
  return 0;
}

function sayWhatNext(
  { url }: Deployment,
  { name, needsKey }: Target,
  flags: PlaceFlags,
  line: (text?: string) => void,
): void {
  if (url !== null) {
    line(`\n${url} serves your graphs; ${url}/docs describes the API. Next:\n`);
    line(`  export EDGECRON_URL=${url}${needsKey ? " EDGECRON_API_KEY=<the key>" : ""}`);
    line("  npx edgecron crons list");
  }
  const named = [
    flags.name === undefined ? "" : ` --name ${flags.name}`,
    flags.env === undefined ? "" : ` --env ${flags.env}`,
  ].join("");
  line(`  npx wrangler tail ${name}${" ".repeat(8)}what it logs`);
  line(`  npx edgecron deploy${named}       after a change`);
  line(`  npx edgecron destroy${named}      removes all of it`);
}
