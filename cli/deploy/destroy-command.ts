/** `edgecron destroy`: says what there is, asks, and removes it. */
import { projectAt } from "../project.js";
import { terminal } from "./asking.js";
import type { PlaceFlags } from "./deployed-config.js";
import { Destruction } from "./destruction.js";
import { findPlace, wranglerOf } from "./project-target.js";
import { consoleReport } from "./report.js";
import { describeSteps, runSteps, StepFailure } from "./steps.js";

export interface DestroyFlags extends PlaceFlags {
  config: string;
  yes: boolean;
  dryRun: boolean;
}

/** @returns the exit code */
export async function destroy(flags: DestroyFlags): Promise<number> {
  const project = projectAt(flags.config);
  const report = consoleReport();
  const tools = { wrangler: wranglerOf(project), asking: terminal, report };
  try {
    const place = await findPlace(project, flags);
    const destruction = new Destruction(place, tools, flags);
    if (flags.dryRun) {
      report.line(
        `This is what would be done to destroy "${place.name}". Nothing is done, and nobody was asked.\n`,
      );
      describeSteps([...destruction.search(), ...destruction.steps()], report);
      return 0;
    }
    if (!(await runSteps(destruction.search(), report))) return 1;
    const { losses } = destruction;
    if (losses.length === 0) {
      report.line("\nThere is nothing to destroy.");
      return 0;
    }
    report.line(`\nThis will be lost:\n${losses.map((loss) => `  - ${loss}`).join("\n")}\n`);
    await destruction.confirm();
    return (await runSteps(destruction.steps(), report)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    report.failed("Destroy", error);
    return 1;
  }
}
