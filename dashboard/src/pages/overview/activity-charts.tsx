/** What all crons did, as charts. A table that is not seen says the same to a screen reader. */
import { BarChart } from "@mantine/charts";
import "@mantine/charts/styles.css";
import type { Activity } from "../../api/types";
import { Section } from "../../components/page";
import { Loading } from "../../components/states";
import { useZone, zoneName } from "../../components/zone";
import { formatCount, formatShort } from "../../format/figures";
import { formatInstant } from "../../format/time";

const HEIGHT = 220;

const RUNS = [
  { name: "succeeded", label: "Succeeded", color: "var(--chart-good)" },
  { name: "failed", label: "Failed", color: "var(--chart-bad)" },
  { name: "other", label: "Running or interrupted", color: "var(--chart-busy)" },
];
const TOKENS = [
  { name: "input", label: "Input", color: "var(--chart-input)" },
  { name: "output", label: "Output", color: "var(--chart-output)" },
];

interface ActivityChartsProps {
  /** Undefined until they are known. */
  readonly hours: Activity | undefined;
  readonly days: Activity | undefined;
}

export default function ActivityCharts({ hours, days }: ActivityChartsProps) {
  const { zone } = useZone();
  const runs = hours?.map(({ start, runs: { success, error, timeout, interrupted, running } }) => ({
    period: formatInstant(start, zone, "minute").slice(-5),
    succeeded: success,
    failed: error + timeout,
    other: interrupted + running,
  }));
  const tokens = days?.map(({ start, tokens: { input, output } }) => ({
    period: start.slice(5, 10),
    input,
    output,
  }));
  return (
    <>
      <Section title="Runs by hour" actions={<span className="muted">24 hours, {zoneName(zone)}</span>}>
        <Chart label="Runs by hour" periods={runs} series={RUNS} />
      </Section>
      <Section title="Tokens by day" actions={<span className="muted">14 days of UTC</span>}>
        <Chart label="Tokens by day" periods={tokens} series={TOKENS} />
      </Section>
    </>
  );
}

type Period = { readonly period: string } & Readonly<Record<string, string | number>>;

interface ChartProps {
  readonly label: string;
  readonly periods: readonly Period[] | undefined;
  readonly series: readonly { name: string; label: string; color: string }[];
}

function Chart({ label, periods, series }: ChartProps) {
  if (periods === undefined) return <Loading lines={8} />;
  return (
    <>
      <div aria-hidden>
        <BarChart
          h={HEIGHT}
          data={periods.map((period) => ({ ...period }))}
          dataKey="period"
          type="stacked"
          series={series.map((each) => ({ ...each }))}
          valueFormatter={formatCount}
          withLegend
          legendProps={{ verticalAlign: "bottom", height: 32 }}
          yAxisProps={{ width: 44, allowDecimals: false, tickFormatter: formatShort }}
          barProps={{ isAnimationActive: false }}
          tickLine="none"
          maxBarWidth={28}
        />
      </div>
      <table className="visually-hidden">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th>Period</th>
            {series.map(({ name, label: title }) => (
              <th key={name}>{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {periods.map((period) => (
            <tr key={period.period}>
              <th scope="row">{period.period}</th>
              {series.map(({ name }) => (
                <td key={name}>{period[name]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
