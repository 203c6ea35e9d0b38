/** The figures of the server, as many as one takes in at once. */
import { Link } from "wouter";
import { useActivity, useCronCount, useForecast } from "../../api/crons";
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
  const crons = (search: string): string => `${addressOf.crons()}${search}`;
  return (
    <dl className={classes.tiles}>
      <Tile name="Crons on" to={crons("?status=on")} value={on} below={pausedText(paused)} />
      <Tile
        name="Crons failing"
        to={crons("?status=failing")}
        value={failing}
        isBad={failing !== undefined && failing > 0}
        below={failing === 0 ? "each last run went well" : "whose last run failed"}
      />
      <ActivityTiles />
      <ForecastTile />
    </dl>
  );
}

function ActivityTiles() {
  const hours = useActivity("hour", HOURS).data;
  const today = useActivity("day", DAYS).data?.at(-1);
  const ended = hours && sumOf(hours, endedIn);
  const failures = hours && sumOf(hours, failuresIn);
  const ratio = ended === undefined || failures === undefined || ended === 0 ? null : 1 - failures / ended;
  return (
    <>
      <Tile name="Runs, 24 hours" value={ended} below={`${formatRatio(ratio)} succeeded`} />
      <Tile
        name="Failures, 24 hours"
        value={failures}
        isBad={failures !== undefined && failures > 0}
        below={failures === 0 ? "none" : `of ${counted(ended ?? 0, "run")}`}
      />
      <Tile
        name="Tokens today"
        value={today && today.tokens.input + today.tokens.output}
        below={`${formatShort(today?.tokens.input ?? 0)} in, ${formatShort(today?.tokens.output ?? 0)} out (UTC)`}
      />
    </>
  );
}

/** What the crons will cost. */
function ForecastTile() {
  const forecast = useForecast().data;
  return (
    <Tile
      name="Tokens in the next 30 days"
      value={forecast?.tokens_in_30_days}
      isEstimate
      below={forecast === undefined ? "" : `for ${counted(forecast.times_in_30_days, "run")}`}
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
  /** Undefined until it is known. */
  readonly value: number | undefined;
  readonly below: string;
  readonly isBad?: boolean;
  readonly isEstimate?: boolean;
  readonly to?: string;
  /** What the figure means, where its name does not say it. */
  readonly title?: string;
}

function Tile({ name, value, below, isBad = false, isEstimate = false, to, title }: TileProps) {
  const shown = value === undefined ? "…" : `${isEstimate && value > 0 ? "≈ " : ""}${formatShort(value)}`;
  return (
    <div className={classes.tile} data-bad={isBad} title={title}>
      <dt>{name}</dt>
      <dd className={classes.value}>{to === undefined ? shown : <Link href={to}>{shown}</Link>}</dd>
      <dd className={classes.below}>{below}</dd>
    </div>
  );
}
