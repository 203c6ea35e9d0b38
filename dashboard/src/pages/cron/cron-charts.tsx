/** How long a cron's runs took, how late they were and what they used, over time. The page loads this file, and the charts with it, lazily. */
import "@mantine/charts/styles.css";
import { BarChart, LineChart } from "@mantine/charts";
import { ChartColumn } from "lucide-react";
import type { ReactNode } from "react";
import { useFiredSlots } from "../../api/crons";
import type { Slot } from "../../api/types";
import { Section } from "../../components/page";
import { Empty, Loaded } from "../../components/states";
import { useZone } from "../../components/zone";
import { counted, formatDuration, formatShort } from "../../format/figures";
import { latenessOf } from "../../format/lateness";
import { formatInstant } from "../../format/time";
import classes from "./cron-charts.module.css";

const HEIGHT = 180;
/** With more of them, a dot for each hides the line. */
const MAX_DOTS = 40;
/** What a chart shows is said in its caption, so the keyboard need not stop at it. */
const CHART_PROPS = { accessibilityLayer: false, margin: { right: 12 } } as const;
/** Of `2026-11-26 08:30:00`, what a tick has room for. */
const AXIS_PROPS = { tickFormatter: (at: string) => at.slice(5, 16) } as const;
/** Each tick has its label: otherwise one that comes close to the next is left out, and the steps look uneven. */
const Y_AXIS_PROPS = { interval: 0 } as const;
const SERIES = {
  duration: { name: "duration", label: "Duration", color: "var(--tone-busy)" },
  lateness: { name: "lateness", label: "Lateness", color: "var(--tone-warn)" },
  input: { name: "input", label: "Tokens in", color: "var(--tone-busy)" },
  output: { name: "output", label: "Tokens out", color: "var(--tone-good)" },
} as const;

export default function CronCharts({ cronId }: { cronId: string }) {
  const query = useFiredSlots(cronId);
  return (
    <Section title="Over time">
      <Loaded query={query} lines={6}>
        {(slots) =>
          slots.length === 0 ? (
            <Empty Icon={ChartColumn} title="There is nothing to draw before it has run." />
          ) : (
            <Charts slots={slots.toReversed()} />
          )
        }
      </Loaded>
    </Section>
  );
}

/** @param slots those that fired, oldest first */
function Charts({ slots }: { slots: readonly Slot[] }) {
  const { zone } = useZone();
  const data = slots.map((slot) => ({
    at: formatInstant(slot.scheduled_for, zone, "second"),
    lateness: latenessOf(slot),
    duration: slot.run?.duration_ms ?? null,
    input: slot.run?.input_tokens ?? null,
    output: slot.run?.output_tokens ?? null,
  }));
  const shared = {
    h: HEIGHT,
    data,
    dataKey: "at",
    tickLine: "none",
    xAxisProps: AXIS_PROPS,
    yAxisProps: Y_AXIS_PROPS,
  } as const;
  const tokens = data.map(({ input, output }) => (input ?? 0) + (output ?? 0));
  return (
    <div className="stack">
      {[SERIES.duration, SERIES.lateness].map((series) => {
        const values = data.flatMap((slot) => slot[series.name] ?? []);
        return (
          <Chart
            key={series.name}
            title={series.label}
            summary={inWords(values)}
            isEmpty={values.length === 0}
          >
            <LineChart
              {...shared}
              lineChartProps={CHART_PROPS}
              withDots={data.length < MAX_DOTS}
              series={[series]}
              valueFormatter={formatDuration}
              curveType="linear"
            />
          </Chart>
        );
      })}
      <Chart
        title="Tokens"
        summary={`${counted(data.length, "run")}: ${formatShort(tokens.reduce((sum, count) => sum + count, 0))} in all, at most ${formatShort(Math.max(...tokens))} by one.`}
        isEmpty={Math.max(...tokens) === 0}
      >
        <BarChart
          {...shared}
          type="stacked"
          barChartProps={CHART_PROPS}
          withLegend
          legendProps={{ verticalAlign: "bottom" }}
          series={[SERIES.input, SERIES.output]}
          valueFormatter={formatShort}
        />
      </Chart>
    </div>
  );
}

interface ChartProps {
  readonly title: string;
  /** What the chart shows, in a sentence, also for those who cannot see it. */
  readonly summary: string;
  /** There is nothing to draw. */
  readonly isEmpty: boolean;
  readonly children: ReactNode;
}

function Chart({ title, summary, isEmpty, children }: ChartProps) {
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.caption}>
        <span className={classes.title}>{title}</span> <span className="muted">{summary}</span>
      </figcaption>
      {!isEmpty && <div aria-hidden>{children}</div>}
    </figure>
  );
}

function inWords(values: readonly number[]): string {
  if (values.length === 0) return "Not known of any of these runs.";
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${counted(values.length, "run")}: median ${formatDuration(median)}, at most ${formatDuration(sorted.at(-1))}.`;
}
