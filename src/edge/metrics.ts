/** The figures of all crons in the text format of Prometheus. */
import { readUse, type D1Use, type RemovalReason } from "../d1/d1-use";
import { countRuns, readSums, type CronSums, type Sums } from "../d1/metric-sums";
import { readSwitch } from "../d1/switch";
import { now } from "../platform/clock";
import type { Env } from "../platform/config";

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A sample of a metric: its labels, and its value. */
type Sample = [labels: Record<string, string>, value: number];

/** A metric: a family of samples, in the words of Prometheus. */
interface Family {
  name: string;
  help: string;
  type: "counter" | "gauge" | "summary";
  /** What follows the name in the lines of samples; a summary has two kinds of lines. */
  samples: (sums: Sums) => Partial<Record<"" | "_sum" | "_count", Sample[]>>;
}

const FAMILIES: Family[] = [
  {
    name: "edgecron_crons",
    help: "Crons, by whether they fire.",
    type: "gauge",
    samples: ({ crons }) => ({ "": crons.flatMap((cron) => byStatus(cron, "enabled", "paused")) }),
  },
  {
    name: "edgecron_crons_failing",
    help: "Crons whose last run failed.",
    type: "gauge",
    samples: ({ crons }) => ({ "": crons.map((cron) => [ofAssistant(cron), cron.failing]) }),
  },
  {
    name: "edgecron_slots",
    help: "Scheduled times without a run, by what became of them; a backfill moves some.",
    type: "gauge",
    samples: ({ crons }) => ({
      "": crons.flatMap((cron) => byStatus(cron, "skipped", "missed", "rolled_back")),
    }),
  },
  {
    name: "edgecron_runs_total",
    help: "Runs of crons that have ended, by status.",
    type: "counter",
    samples: ({ runs }) => ({
      "": runs.map((sums) => [{ ...ofAssistant(sums), status: sums.status }, sums.runs]),
    }),
  },
  {
    name: "edgecron_runs_running",
    help: "Runs of crons that have not ended.",
    type: "gauge",
    samples: ({ running }) => ({ "": running.map((sums) => [ofAssistant(sums), sums.runs]) }),
  },
  {
    name: "edgecron_tokens_total",
    help: "Tokens that ended runs of crons have used.",
    type: "counter",
    samples: ({ runs }) => ({
      "": runs.flatMap((sums): Sample[] => {
        const labels = { ...ofAssistant(sums), status: sums.status };
        return [
          [{ ...labels, direction: "input" }, sums.input_tokens],
          [{ ...labels, direction: "output" }, sums.output_tokens],
        ];
      }),
    }),
  },
  {
    name: "edgecron_run_duration_seconds",
    help: "From the creation of a run of a cron to its end.",
    type: "summary",
    samples: ({ runs }) => ({
      _sum: runs.map((sums) => [{ ...ofAssistant(sums), status: sums.status }, sums.duration_ms / 1000]),
      _count: runs.map((sums) => [{ ...ofAssistant(sums), status: sums.status }, sums.runs]),
    }),
  },
];

/** All metrics. There is a line for each assistant and status, and none for each cron. */
export async function metricsOf(env: Env): Promise<string> {
  await countRuns(env.DB, now());
  const [{ stopped }, { use, removed }, sums] = await Promise.all([
    readSwitch(env.DB),
    readUse(env),
    readSums(env.DB),
  ]);
  return [
    headOf({ name: "edgecron_stopped", help: "Whether all crons are stopped.", type: "gauge" }),
    `edgecron_stopped ${stopped ? 1 : 0}\n`,
    metricsOfD1(use, removed),
    ...FAMILIES.map((family) => headOf(family) + samplesOf(family, sums)),
  ].join("");
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

const samplesOf = ({ name, samples }: Family, sums: Sums): string =>
  Object.entries(samples(sums))
    .flatMap(([suffix, lines]) =>
      lines.map(([labels, value]) => {
        // The values are ids and names of this server, in which nothing has to be escaped.
        const text = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
        return `${name}${suffix}{${text.join(",")}} ${value}\n`;
      }),
    )
    .join("");

const ofAssistant = (sums: { assistant_id: string }): Record<string, string> => ({
  assistant_id: sums.assistant_id,
});

/** A sample for each of the sums, with its name as the status. */
const byStatus = (cron: CronSums, ...names: Exclude<keyof CronSums, "assistant_id">[]): Sample[] =>
  names.map((status) => [{ ...ofAssistant(cron), status }, cron[status]]);
