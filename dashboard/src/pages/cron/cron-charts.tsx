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
import { formatInstant } from "../../format/time";
import classes from "./cron-charts.module.css";

const HEIGHT = 180;
/** What a chart shows is said in its caption, so the keyboard need not stop at it. */
const NOT_FOCUSED = { accessibilityLayer: false } as const;
const SERIES = {
  duration: { name: "duration", label: "Duration", color: "var(--tone-busy)" },
  lateness: { name: "lateness", label: "Late by", color: "var(--tone-warn)" },
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
  const data = slots.map(({ scheduled_for: at, lateness_ms: lateness, run }) => ({
    at: formatInstant(at, zone, "second"),
    lateness,
    duration: run?.duration_ms ?? null,
    input: run?.input_tokens ?? null,
    output: run?.output_tokens ?? null,
  }));
  const shared = { h: HEIGHT, data, dataKey: "at", withDots: data.length < 40, tickLine: "none" } as const;
  const tokens = data.map(({ input, output }) => (input ?? 0) + (output ?? 0));
  const durations = data.flatMap(({ duration }) => duration ?? []);
  const delays = data.flatMap(({ lateness: delay }) => delay ?? []);
  return (
    <div className="stack">
      <Chart title="Duration" summary={inWords(durations)}>
        <LineChart
          lineChartProps={NOT_FOCUSED}
          {...shared}
          series={[SERIES.duration]}
          valueFormatter={formatDuration}
          curveType="linear"
        />
      </Chart>
      <Chart title="Lateness" summary={inWords(delays)}>
        <LineChart
          lineChartProps={NOT_FOCUSED}
          {...shared}
          series={[SERIES.lateness]}
          valueFormatter={formatDuration}
          curveType="linear"
        />
      </Chart>
      <Chart
        title="Tokens"
        summary={`${counted(data.length, "run")}: ${formatShort(tokens.reduce((sum, count) => sum + count, 0))} in all, at most ${formatShort(Math.max(...tokens))} by one.`}
      >
        <BarChart
          h={HEIGHT}
          data={data}
          dataKey="at"
          type="stacked"
          barChartProps={NOT_FOCUSED}
          withLegend
          legendProps={{ verticalAlign: "bottom" }}
          tickLine="none"
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
  readonly children: ReactNode;
}

function Chart({ title, summary, children }: ChartProps) {
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.caption}>
        <span className={classes.title}>{title}</span> <span className="muted">{summary}</span>
      </figcaption>
      <div aria-hidden>{children}</div>
    </figure>
  );
}

function inWords(values: readonly number[]): string {
  if (values.length === 0) return "No run has ended yet.";
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${counted(values.length, "run")}: median ${formatDuration(median)}, at most ${formatDuration(sorted.at(-1))}.`;
}
