/** What went wrong in a run: its name, and all of its text. */
import { isUnderWay } from "../../api/runs";
import type { Run } from "../../api/types";
import { LongText } from "../../components/long-text";
import { Section } from "../../components/page";
import classes from "./run-page.module.css";

export function RunError({ run }: { run: Run }) {
  if (run.error === undefined) return null;
  return (
    <Section title={isUnderWay(run) ? "Error of the last attempt" : "Error"}>
      {isUnderWay(run) && <p className="muted">The run is tried again.</p>}
      <div className={classes.error}>
        {/* A name that says no more than the title. */}
        {run.error.error !== "Error" && <strong className="foreign">{run.error.error}</strong>}
        <LongText isCode text={run.error.message} />
      </div>
    </Section>
  );
}
