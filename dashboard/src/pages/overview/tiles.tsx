/** The figures of the server, as many as one takes in at once. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useActivity, useCronCount } from "../../api/crons";
import type { Activity } from "../../api/types";
import { counted, formatCount, formatRatio, formatShort } from "../../format/figures";
import { addressOf } from "../../routes";
import classes from "./overview-page.module.css";

const HOURS = 24;
const DAYS = 14;

type Period = Activity[number];
const failuresIn = ({ runs }: Period): number => runs.error + runs.timeout;
const endedIn = ({ runs }: Period): number => runs.success + runs.error + runs.timeout;
const sumOf = (periods: readonly Period[], figure: (period: Period) => number): number =>
  periods.reduce((sum, period) => sum + figure(period), 0);

export function Tiles() {
  const on = useCronCount({ enabled: true }).data;
  const paused = useCronCount({ enabled: false }).data;
  const failing = useCronCount({ failing: true }).data;
  const hours = useActivity("hour", HOURS).data;
  const today = useActivity("day", DAYS).data?.at(-1);
  const ended = hours === undefined ? 0 : sumOf(hours, endedIn);
  const failures = hours === undefined ? 0 : sumOf(hours, failuresIn);
  const crons = (search: string): string => `${addressOf.crons()}${search}`;
  return (
    <dl className={classes.tiles}>
      <Tile name="Crons on" to={crons("?status=on")} value={on} below={pausedText(paused)} />
      <Tile
        name="Crons failing"
        to={crons("?status=failing")}
        value={failing}
        tone={failing !== undefined && failing > 0 ? "bad" : undefined}
        below={failing === 0 ? "each last run went well" : "whose last run failed"}
      />
      {hours !== undefined && (
        <>
          <Tile
            name="Runs, 24 hours"
            value={ended}
            below={`${formatRatio(ended === 0 ? null : 1 - failures / ended)} succeeded`}
          />
          <Tile
            name="Failures, 24 hours"
            value={failures}
            tone={failures > 0 ? "bad" : undefined}
            below={failures === 0 ? "none" : `of ${counted(ended, "run")}`}
          />
        </>
      )}
      {today !== undefined && (
        <Tile
          name="Tokens today"
          text={formatShort(today.tokens.input + today.tokens.output)}
          below={`${formatShort(today.tokens.input)} in, ${formatShort(today.tokens.output)} out (UTC day)`}
        />
      )}
    </dl>
  );
}

const pausedText = (paused: number | undefined): string =>
  paused === undefined ? "" : paused === 0 ? "none paused" : `${formatCount(paused)} paused`;

interface TileProps {
  readonly name: string;
  /** Undefined until it is known. */
  readonly value?: number | undefined;
  /** In place of a number. */
  readonly text?: string;
  readonly below: string;
  readonly tone?: "bad" | "warn" | undefined;
  readonly to?: string;
}

function Tile({ name, value, text, below, tone, to }: TileProps) {
  const shown: ReactNode = text ?? (value === undefined ? "…" : formatCount(value));
  return (
    <div className={classes.tile} data-tone={tone}>
      <dt>{name}</dt>
      <dd>{to === undefined ? shown : <Link href={to}>{shown}</Link>}</dd>
      <dd style={{ font: "inherit", color: "inherit" }}>
        <p>{below}</p>
      </dd>
    </div>
  );
}
