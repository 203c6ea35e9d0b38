/** The figures of all crons in the text format of Prometheus. */
import { pageOfFigures, type IndexedFigures } from "../d1/cron-figures";
import { readUse, type D1Use, type RemovalReason } from "../d1/d1-use";
import { readSwitch } from "../d1/switch";
import type { Env } from "../platform/config";

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** How many crons are read from D1 at a time. */
const CRONS_PER_READ = 500;

/** A metric: a family of samples, in the words of Prometheus. */
interface Family {
  name: string;
  help: string;
  type: "counter" | "gauge";
  samples: (cron: IndexedFigures) => [labels: Record<string, string>, value: number | null][];
}

const FAMILIES: Family[] = [
  {
    name: "edgecron_cron_enabled",
    help: "Whether the cron fires.",
    type: "gauge",
    samples: ({ enabled }) => [[{}, enabled ? 1 : 0]],
  },
  {
    name: "edgecron_cron_next_run_timestamp_seconds",
    help: "The next scheduled time.",
    type: "gauge",
    samples: ({ nextRunAt }) => [[{}, nextRunAt === null ? null : nextRunAt / 1000]],
  },
  {
    name: "edgecron_slots",
    help: "Scheduled times by what became of them; a backfill moves some.",
    type: "gauge",
    samples: ({ figures }) => byName("status", { ...figures.slots, pending: null }),
  },
  {
    name: "edgecron_runs_total",
    help: "Runs that have ended, by status.",
    type: "counter",
    samples: ({ figures }) => byName("status", { ...figures.runs, running: null }),
  },
  {
    name: "edgecron_runs_running",
    help: "Runs that have not ended.",
    type: "gauge",
    samples: ({ figures }) => [[{}, figures.runs.running]],
  },
  {
    name: "edgecron_failures_in_a_row",
    help: "Failed runs since the last that succeeded.",
    type: "gauge",
    samples: ({ figures }) => [[{}, figures.failures_in_a_row]],
  },
  {
    name: "edgecron_tokens_total",
    help: "Tokens that ended runs have used.",
    type: "counter",
    samples: ({ figures }) =>
      byName("direction", { input: figures.tokens.input, output: figures.tokens.output }),
  },
  {
    name: "edgecron_start_lateness_seconds",
    help: "From the scheduled time to the start of the run, over the last hundred that were not backfilled.",
    type: "gauge",
    samples: ({ figures }) => quantiles(figures.start_lateness_ms),
  },
  {
    name: "edgecron_duration_seconds",
    help: "From the start of the run to its end, over the last hundred runs.",
    type: "gauge",
    samples: ({ figures }) => quantiles(figures.duration_ms),
  },
];

/** Yields all metrics piece by piece, because there may be more crons than fit into memory. */
export async function* metricsOf(env: Env): AsyncGenerator<string, undefined> {
  const [{ stopped }, { use, removed }] = await Promise.all([readSwitch(env.DB), readUse(env)]);
  yield headOf({ name: "edgecron_stopped", help: "Whether all crons are stopped.", type: "gauge" });
  yield `edgecron_stopped ${stopped ? 1 : 0}\n`;
  yield metricsOfD1(use, removed);
  for (const metric of FAMILIES) {
    yield headOf(metric);
    for (let after = "", done = false; !done;) {
      const crons = await pageOfFigures(env.DB, after, CRONS_PER_READ);
      yield crons.map((cron) => samplesOf(metric, cron)).join("");
      after = crons.at(-1)?.cronId ?? "";
      done = crons.length < CRONS_PER_READ;
    }
  }
}

/** How much of D1 is in use, and how many records of runs were removed. */
function metricsOfD1({ size, limit }: D1Use, removed: Record<RemovalReason, number>): string {
  return [
    headOf({ name: "edgecron_database_size_bytes", help: "Bytes of D1 that are in use.", type: "gauge" }),
    `edgecron_database_size_bytes ${size}\n`,
    headOf({ name: "edgecron_database_size_limit_bytes", help: "Bytes at which D1 is full.", type: "gauge" }),
    `edgecron_database_size_limit_bytes ${limit}\n`,
    headOf({
      name: "edgecron_run_records_removed_total",
      help: "Records of ended runs that were removed from D1: for their age, or because D1 was short of space.",
      type: "counter",
    }),
    ...Object.entries(removed).map(
      ([reason, count]) => `edgecron_run_records_removed_total{reason="${reason}"} ${count}\n`,
    ),
  ].join("");
}

/** The lines that introduce a metric. */
const headOf = ({ name, help, type }: Pick<Family, "name" | "help" | "type">): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

function samplesOf({ name, samples }: Family, cron: IndexedFigures): string {
  return samples(cron)
    .filter(([, value]) => value !== null)
    .map(([labels, value]) => {
      // The values are ids and names of this server, in which nothing has to be escaped.
      const all = { cron_id: cron.cronId, assistant_id: cron.assistantId, ...labels };
      const text = Object.entries(all).map(([key, label]) => `${key}="${label}"`);
      return `${name}{${text.join(",")}} ${value}\n`;
    })
    .join("");
}

const byName = (
  label: string,
  values: Record<string, number | null>,
): [Record<string, string>, number | null][] =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);

const quantiles = (
  percentiles: IndexedFigures["figures"]["start_lateness_ms"],
): [Record<string, string>, number | null][] =>
  percentiles === null
    ? []
    : [
        [{ quantile: "0.5" }, percentiles.p50 / 1000],
        [{ quantile: "0.95" }, percentiles.p95 / 1000],
        [{ quantile: "0.99" }, percentiles.p99 / 1000],
      ];
