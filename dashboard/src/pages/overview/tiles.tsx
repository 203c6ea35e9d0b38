/** The figures of the server, as many as one takes in at once. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "wouter";
import { useActivity, useCronCount, useForecast, useMissedCrons } from "../../api/crons";
import type { Activity } from "../../api/types";
import { counted, formatCount, formatRatio, formatShort } from "../../format/figures";
import { addressOf } from "../../routes";
import classes from "./overview-page.module.css";
import { MISSED_SHOWN } from "./missed-crons";

const HOURS = 24;
const DAYS = 14;

type Period = Activity[number];
const failuresIn = ({ runs }: Period): number => runs.error + runs.timeout;
const endedIn = ({ runs }: Period): number => runs.success + runs.error + runs.timeout;
const sumOf = (periods: readonly Period[], figure: (period: Period) => number): number =>
  periods.reduce((sum, period) => sum + figure(period), 0);

/** What the answer has; undefined until it is there, and null when it could not be had. */
const figureOf = <Data,>(
  { data, error }: Pick<UseQueryResult<Data>, "data" | "error">,
  figure: (data: Data) => number,
): number | null | undefined => (data === undefined ? error && null : figure(data));

const isSome = (value: number | null | undefined): boolean => value != null && value > 0;
const itself = (count: number): number => count;

export function Tiles() {
  const paused = useCronCount({ enabled: false }).data;
  const failing = figureOf(useCronCount({ failing: true }), itself);
  const crons = (search: string): string => `${addressOf.crons()}${search}`;
  return (
    <dl className={classes.tiles}>
      <Tile
        name="Crons on"
        to={crons("?status=on")}
        value={figureOf(useCronCount({ enabled: true }), itself)}
        below={pausedText(paused)}
      />
      <Tile
        name="Crons failing"
        to={crons("?status=failing")}
        value={failing}
        isBad={isSome(failing)}
        below={failing === 0 ? "each last run went well" : "whose last run failed"}
      />
      <MissedTile to={crons("?status=missed")} />
      <ActivityTiles />
      <ForecastTile />
    </dl>
  );
}

/** Slots that got no run are in no sum of runs. */
function MissedTile({ to }: { to: string }) {
  const missed = figureOf(useMissedCrons(MISSED_SHOWN), ({ total }) => total);
  return (
    <Tile
      name="Missed, 24 hours"
      to={to}
      value={missed}
      isBad={isSome(missed)}
      below={
        missed === 0 ? "no time was missed" : missed === 1 ? "cron missed a time" : "crons missed a time"
      }
    />
  );
}

function ActivityTiles() {
  const hours = useActivity("hour", HOURS);
  const days = useActivity("day", DAYS);
  const ended = figureOf(hours, (periods) => sumOf(periods, endedIn));
  const failures = hours.data === undefined ? 0 : sumOf(hours.data, failuresIn);
  const today = days.data?.at(-1)?.tokens;
  return (
    <>
      <Tile name="Runs, 24 hours" value={ended} below={failuresText(failures, ended ?? 0)} />
      <Tile
        name="Tokens today"
        value={figureOf(days, () => (today === undefined ? 0 : today.input + today.output))}
        below={`${formatShort(today?.input ?? 0)} in, ${formatShort(today?.output ?? 0)} out (UTC)`}
      />
    </>
  );
}

function failuresText(failures: number, ended: number): string {
  if (failures === 0) return ended === 0 ? "no run has ended" : "none failed";
  return `${formatCount(failures)} failed, ${formatRatio(1 - failures / ended)} succeeded`;
}

/** What the crons will cost. */
function ForecastTile() {
  const forecast = useForecast();
  return (
    <Tile
      name="Tokens in the next 30 days"
      value={figureOf(forecast, ({ tokens_in_30_days: tokens }) => tokens)}
      isEstimate
      below={`for ${counted(forecast.data?.times_in_30_days ?? 0, "run")}`}
      title={FORECAST_MEANING}
    />
  );
}

const FORECAST_MEANING =
  "How often the crons that are on fire by their schedules, times what a run of each used on average so far. A cron that has not run yet counts as nothing.";

const pausedText = (paused: number | undefined): string =>
  paused === undefined ? "" : paused === 0 ? "none paused" : `${formatCount(paused)} paused`;

interface TileProps {
  readonly name: string;
  /** Undefined until it is known; null when it could not be had. */
  readonly value: number | null | undefined;
  readonly below: string;
  readonly isBad?: boolean;
  readonly isEstimate?: boolean;
  readonly to?: string;
  /** What the figure means, where its name does not say it. */
  readonly title?: string;
}

function Tile({ name, value, below, isBad = false, isEstimate = false, to, title }: TileProps) {
  const shown = value == null ? "" : `${isEstimate && value > 0 ? "≈\u00a0" : ""}${formatShort(value)}`;
  return (
    <div className={classes.tile} data-bad={isBad} title={title}>
      <dt>{name}</dt>
      {value == null ? (
        <>
          <dd className={classes.value}>{value === null ? "–" : "…"}</dd>
          <dd className={classes.below}>{value === null && "could not be read"}</dd>
        </>
      ) : (
        <>
          <dd className={classes.value}>{to === undefined ? shown : <Link href={to}>{shown}</Link>}</dd>
          <dd className={classes.below}>{below}</dd>
        </>
      )}
    </div>
  );
}
