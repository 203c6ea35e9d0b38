/** What became of a slot, a run, a thread or a cron: a mark whose shape tells it too, and a word. */
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleQuestionMark,
  CircleMinus,
  CirclePause,
  CirclePlay,
  CircleX,
  Clock,
  type LucideIcon,
  RotateCcw,
  TimerOff,
} from "lucide-react";
import type { Slot } from "../api/types";
import classes from "./status.module.css";

type Tone = "good" | "bad" | "warn" | "busy" | "quiet";

const STATUSES = {
  success: { Icon: CircleCheck, tone: "good", word: "succeeded" },
  error: { Icon: CircleX, tone: "bad", word: "failed" },
  timeout: { Icon: TimerOff, tone: "bad", word: "timed out" },
  interrupted: { Icon: CirclePause, tone: "warn", word: "interrupted" },
  running: { Icon: CirclePlay, tone: "busy", word: "running" },
  pending: { Icon: Clock, tone: "busy", word: "pending" },
  asking: { Icon: CircleQuestionMark, tone: "warn", word: "waits for an answer" },
  lost: { Icon: Ban, tone: "warn", word: "lost" },
  delivered: { Icon: CircleCheck, tone: "good", word: "delivered" },
  rolled_back: { Icon: RotateCcw, tone: "quiet", word: "rolled back" },
  skipped: { Icon: CircleMinus, tone: "quiet", word: "skipped" },
  missed: { Icon: Ban, tone: "warn", word: "missed" },
  fired: { Icon: CirclePlay, tone: "busy", word: "fired" },
  enabled: { Icon: CirclePlay, tone: "good", word: "on" },
  paused: { Icon: CirclePause, tone: "warn", word: "paused" },
  ended: { Icon: CircleDashed, tone: "quiet", word: "ended" },
  idle: { Icon: CircleDashed, tone: "quiet", word: "idle" },
  busy: { Icon: CirclePlay, tone: "busy", word: "busy" },
} satisfies Record<string, { Icon: LucideIcon; tone: Tone; word: string }>;

export type Status = keyof typeof STATUSES;

const ICON_SIZE = 16;

export const wordOf = (status: Status): string => STATUSES[status].word;

/** What became of a slot, its run included: a slot that fired shows how its run has ended. */
export const outcomeOf = ({ status, run }: Pick<Slot, "status" | "run">): Status =>
  status === "fired" ? (run?.status ?? "running") : status;

interface StatusMarkProps {
  readonly status: Status;
  /** False shows the mark alone; a screen reader still says the word. */
  readonly withWord?: boolean;
}

export function StatusMark({ status, withWord = true }: StatusMarkProps) {
  const { Icon, tone, word } = STATUSES[status];
  return (
    <span className={classes.status} data-tone={tone} title={withWord ? undefined : word}>
      <Icon size={ICON_SIZE} aria-hidden />
      <span className={withWord ? undefined : "visually-hidden"}>{word}</span>
    </span>
  );
}
