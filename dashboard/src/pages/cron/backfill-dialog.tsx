/** Runs the slots of a past period that got no run, after showing which those are. */
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useBackfill, useBackfillPreview, useCronFigures } from "../../api/crons";
import type { BackfillPreview, Cron } from "../../api/types";
import { ConfirmDialog } from "../../components/confirm";
import { useNotice } from "../../components/notices";
import { Loaded } from "../../components/states";
import { Time } from "../../components/time";
import { useZone, zoneName } from "../../components/zone";
import { counted } from "../../format/figures";
import { endedRuns, forecastTokens } from "../../format/forecast";
import { parseTyped } from "../../format/time";
import type { CronDialogProps } from "./cron-actions";
import classes from "./dialogs.module.css";

export default function BackfillDialog({ cron, onClose }: CronDialogProps) {
  const { zone } = useZone();
  const [start, setStart] = useState("");
  const [end, setEnd] = useState("");
  const period = { start: parseTyped(start, zone), end: parseTyped(end, zone) };
  const preview = useBackfillPreview(cron.cron_id, period.start, period.end);
  const backfill = useBackfill(cron.cron_id);
  const notice = useNotice();
  const slots = preview.isError ? 0 : (preview.data?.slots ?? 0);
  const confirm = async (): Promise<void> => {
    if (period.start === null || period.end === null) return;
    const answer = await backfill.mutateAsync({ start: period.start, end: period.end });
    notice(`${counted(answer.slots, "slot")} will run, one after the other`);
  };
  const field = (label: string, text: string, setText: (text: string) => void) => (
    <TextInput
      type="datetime-local"
      label={`${label} (${zoneName(zone)})`}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
      }}
    />
  );
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      title="Backfill"
      confirmLabel={slots === 0 ? "Run" : `Run ${counted(slots, "slot")}`}
      canConfirm={slots > 0}
      onConfirm={confirm}
    >
      <div className="stack">
        <p>
          Runs the slots of a past period that got no run: those that were skipped or missed, and those from
          before the cron was made.
        </p>
        <div className={classes.period}>
          {field("Start", start, setStart)}
          {field("End", end, setEnd)}
        </div>
        {period.start !== null && period.end !== null && (
          <Loaded query={preview} lines={3}>
            {(found) => <Found preview={found} cron={cron} />}
          </Loaded>
        )}
      </div>
    </ConfirmDialog>
  );
}

function Found({ preview, cron }: { preview: BackfillPreview; cron: Cron }) {
  const { data: figures } = useCronFigures(cron.cron_id);
  const withRun =
    preview.slots_with_run === 0
      ? ""
      : ` ${counted(preview.slots_with_run, "slot has", "slots have")} a run already and will be left alone.`;
  if (preview.slots === 0) return <p role="status">There is nothing to run in this period.{withRun}</p>;
  return (
    <div>
      <p role="status">
        {counted(preview.slots, "slot")} will run, one after the other, each a run that may be billed
        {figures !== undefined && endedRuns(figures) > 0
          ? `: ${forecastTokens(figures, preview.slots)} tokens, if each uses what the runs so far used on average.`
          : "."}
        {withRun}
      </p>
      <ul className={classes.times} aria-label="Slots to be run" tabIndex={0}>
        {preview.times.map((at) => (
          <li key={at}>
            <Time at={at} detail="second" cronZone={cron.timezone} />
          </li>
        ))}
      </ul>
    </div>
  );
}
