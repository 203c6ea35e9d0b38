/** What all crons did: their runs by hour, and their tokens by day. */
import type { Activity } from "../../api/types";
import { BarChart } from "../../components/bar-chart";
import { Section } from "../../components/page";
import { Loading } from "../../components/states";
import { useZone, zoneName } from "../../components/zone";
import { formatShort } from "../../format/figures";
import { formatInstant } from "../../format/time";

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

export function ActivityCharts({ hours, days }: ActivityChartsProps) {
  const { zone } = useZone();
  const runs = hours?.map(({ start, runs: { success, error, timeout, interrupted, running } }) => ({
    label: formatInstant(start, zone, "minute").slice(-5),
    values: { succeeded: success, failed: error + timeout, other: interrupted + running },
  }));
  const tokens = days?.map(({ start, tokens: values }) => ({ label: start.slice(5, 10), values }));
  return (
    <>
      <Section title="Runs by hour" actions={<span className="muted">24 hours, {zoneName(zone)}</span>}>
        {runs === undefined ? (
          <Loading lines={8} />
        ) : (
          <BarChart label="Runs by hour" periods={runs} series={RUNS} format={formatShort} />
        )}
      </Section>
      <Section title="Tokens by day" actions={<span className="muted">14 days of UTC</span>}>
        {tokens === undefined ? (
          <Loading lines={8} />
        ) : (
          <BarChart label="Tokens by day" periods={tokens} series={TOKENS} format={formatShort} />
        )}
      </Section>
    </>
  );
}
