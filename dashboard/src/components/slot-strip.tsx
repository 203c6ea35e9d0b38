/**
 * The last slots of a cron as a strip of marks, the newest at the right. A mark's shape tells what became of the slot, and a mark opens
 * its run. The strip is one stop of the Tab key: the arrow keys go along it.
 */
import { type KeyboardEvent, useRef, useState } from "react";
import { Link } from "wouter";
import type { Slot } from "../api/types";
import { formatDuration } from "../format/figures";
import { formatInstant } from "../format/time";
import { addressOf } from "../routes";
import classes from "./slot-strip.module.css";
import { outcomeOf, wordOf } from "./status";
import { useZone } from "./zone";

interface SlotStripProps {
  /** Newest first, as the API lists them. */
  readonly slots: readonly Slot[];
  /** What the strip is about, for screen readers. */
  readonly label: string;
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

export function SlotStrip({ slots, label }: SlotStripProps) {
  const { zone } = useZone();
  const strip = useRef<HTMLDivElement>(null);
  const marks = slots.toReversed();
  const [chosen, setChosen] = useState<number | null>(null);
  const current = Math.min(chosen ?? marks.length - 1, marks.length - 1);
  if (marks.length === 0) return <span className="muted">not yet</span>;
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(marks.length - 1, current + step));
    setChosen(next);
    strip.current?.querySelectorAll<HTMLElement>("[data-mark]").item(next).focus();
  };
  return (
    <div ref={strip} className={classes.strip} role="group" aria-label={label} onKeyDown={onKeyDown}>
      {marks.map((slot, index) => {
        const text = describe(slot, zone);
        const shared = {
          "data-mark": outcomeOf(slot),
          className: classes.mark,
          title: text,
          tabIndex: index === current ? 0 : -1,
          onFocus: () => {
            setChosen(index);
          },
        };
        const key = `${slot.scheduled_for} ${slot.origin}`;
        return slot.run_id === null ? (
          <span key={key} {...shared} role="img" aria-label={text} />
        ) : (
          <Link key={key} {...shared} aria-label={text} href={addressOf.run(slot.run_id)} />
        );
      })}
    </div>
  );
}

function describe(slot: Slot, zone: string): string {
  const { scheduled_for: at, reason, run } = slot;
  const parts = [
    formatInstant(at, zone, "second"),
    wordOf(outcomeOf(slot)),
    ...(run?.duration_ms == null ? [] : [formatDuration(run.duration_ms)]),
    ...[run?.error, reason].filter((text) => text != null),
  ];
  return parts.join(" · ");
}
