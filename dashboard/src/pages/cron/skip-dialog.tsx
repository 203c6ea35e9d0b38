/** Skips the next slots of a cron, or takes back what was skipped. */
import { Radio, TextInput } from "@mantine/core";
import { useState } from "react";
import { usePreview, useSkipSlots } from "../../api/crons";
import { ConfirmDialog } from "../../components/confirm";
import { useNotice } from "../../components/notices";
import { Time } from "../../components/time";
import { counted } from "../../format/figures";
import type { CronDialogProps } from "./cron-actions";
import classes from "./dialogs.module.css";

/** How many slots the preview lists at most, and how many a skip takes at most. */
const LISTED = 100;
const MOST = 1_000;

export default function SkipDialog({ cron, onClose }: CronDialogProps) {
  const [takesBack, setTakesBack] = useState(false);
  const [text, setText] = useState("1");
  const [note, setNote] = useState("");
  const skip = useSkipSlots(cron.cron_id);
  const notice = useNotice();
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  const isCount = count >= 1 && count <= MOST;
  const confirm = async (): Promise<void> => {
    if (takesBack) {
      await skip.mutateAsync({ count: 0 });
      notice("Nothing is skipped any more");
      return;
    }
    const given = note.trim();
    await skip.mutateAsync({ count, ...(given !== "" && { note: given }) });
    notice(`Skipped the next ${counted(count, "slot")}`);
  };
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      title="Skip slots"
      confirmLabel={takesBack ? "Take back" : isCount ? `Skip ${counted(count, "slot")}` : "Skip"}
      canConfirm={takesBack || isCount}
      onConfirm={confirm}
    >
      <div className="stack">
        <Radio.Group
          label="What is done"
          value={takesBack ? "back" : "skip"}
          onChange={(value) => {
            setTakesBack(value === "back");
          }}
        >
          <div className={classes.choices}>
            <Radio value="skip" label="Skip the next slots" />
            <Radio value="back" label="Take back what was skipped by hand" />
          </div>
        </Radio.Group>
        {!takesBack && (
          <>
            <TextInput
              label="How many"
              description="From now on. It replaces an earlier skip."
              inputMode="numeric"
              value={text}
              error={isCount ? undefined : `Expected a number from 1 to ${MOST}`}
              onChange={({ currentTarget }) => {
                setText(currentTarget.value.trim());
              }}
            />
            {isCount && <SkippedTimes cron={cron} count={count} />}
            <TextInput
              label="Note"
              description="Why. The ledger shows it with each slot."
              value={note}
              maxLength={1_000}
              onChange={({ currentTarget }) => {
                setNote(currentTarget.value);
              }}
            />
          </>
        )}
      </div>
    </ConfirmDialog>
  );
}

function SkippedTimes({ cron, count }: Pick<CronDialogProps, "cron"> & { count: number }) {
  const { schedule, timezone, end_time } = cron;
  const { data } = usePreview({
    schedule,
    ...(timezone !== null && { timezone }),
    ...(end_time !== null && { end_time }),
    count: LISTED,
  });
  if (data === undefined) return null;
  const skipped = data.next.slice(0, count);
  const after = data.next[count];
  return (
    <div>
      <ul className={classes.times} aria-label="Slots to be skipped" tabIndex={0}>
        {skipped.map(({ utc }) => (
          <li key={utc}>
            <Time at={utc} detail="second" cronZone={timezone} />
          </li>
        ))}
      </ul>
      <p className="muted">
        {after === undefined ? (
          count > skipped.length ? (
            skipped.length < LISTED ? (
              `It has only ${counted(skipped.length, "slot")} to come.`
            ) : (
              `And ${counted(count - skipped.length, "more", "more")}.`
            )
          ) : null
        ) : (
          <>
            Then it fires at <Time at={after.utc} detail="second" cronZone={timezone} />.
          </>
        )}
      </p>
    </div>
  );
}
