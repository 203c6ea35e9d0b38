/** How many rows D1 reads for each search, and for how long, when its tables have a thousand, ten thousand and a hundred thousand rows. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { getPlatformProxy, unstable_splitSqlQuery as splitSql } from "wrangler";
import { project } from "../servers.mjs";
import { printTable, short } from "../table.mjs";
import { QUERIES, ROWS } from "./queries.mjs";

export const SEARCHES = {
  full: { sizes: [1_000, 10_000, 100_000], samples: 5 },
  quick: { sizes: [1_000, 10_000], samples: 1 },
};

/** Prints a table of the queries whose name contains `only`. */
export async function measureSearches(folder, { sizes, samples }) {
  const server = await bundle(folder);
  const { env, dispose } = await startD1(folder);
  try {
    for (const migration of readdirSync(join(project, "migrations")).sort()) {
      const text = readFileSync(join(project, "migrations", migration), "utf8");
      await env.DB.batch(splitSql(text).map((sql) => env.DB.prepare(sql)));
    }
    const lines = Object.keys(QUERIES).map((name) => ({ name, counts: [], ms: 0 }));
    let filled = 0;
    for (const size of sizes) {
      await fill(env.DB, filled, size);
      filled = size;
      for (const line of lines) {
        const { rowsRead, ms } = await measure(server, env.DB, line.name, samples);
        line.counts.push(rowsRead);
        line.ms = ms;
      }
    }
    const head = ["rows read", ...sizes.map((size) => `of ${size}`), "ratio", `ms of ${sizes.at(-1)}`];
    const rows = lines.map(({ name, counts, ms }) => {
      const ratio = counts.at(-1) / Math.max(counts[0], 1);
      return [name, ...counts.map(String), ratio.toFixed(1), short(ms)];
    });
    printTable([head, ...rows]);
  } finally {
    await dispose();
  }
}

/** The functions of the server that ask D1, bundled for Node. */
async function bundle(folder) {
  const from = {
    "d1/threads-table": "searchThreads, countThreads",
    "d1/run-search": "searchRuns",
    "d1/runs-table": "stalledRuns",
    "d1/crons-table": "searchCrons, countCrons, overdueCrons",
    "d1/assistant-search": "searchAssistants",
    "d1/store/d1-store": "D1Store",
    "d1/store/ttl": "deleteExpired",
    "edge/metrics": "metricsOf",
  };
  const outfile = join(folder, "server.mjs");
  const bindings = join(folder, "bindings.mjs");
  const graphs = join(folder, "graphs.mjs");
  mkdirSync(folder, { recursive: true });
  writeFileSync(bindings, "export const env = {};");
  writeFileSync(graphs, "export const graphs = {}, settings = {}, schemas = {};");
  await build({
    stdin: {
      contents: Object.entries(from)
        .map(([file, names]) => `export { ${names} } from "./src/${file}";`)
        .join("\n"),
      resolveDir: project,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    alias: { "cloudflare:workers": bindings, "edgecron:graphs": graphs },
    logLevel: "error",
    // Some of the packages are CommonJS, and require modules of Node.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return import(pathToFileURL(outfile).href);
}

/** A D1 on its own, kept in the folder. */
async function startD1(folder) {
  const configPath = join(folder, "wrangler.json");
  const database = { binding: "DB", database_name: "bench", database_id: "bench" };
  const config = { name: "bench", compatibility_date: "2026-11-01", d1_databases: [database] };
  writeFileSync(configPath, JSON.stringify(config));
  return getPlatformProxy({ configPath, persist: { path: join(folder, "state") } });
}

/** Gives each table the rows from one number on, up to another. */
async function fill(db, from, to) {
  const STEP = 10_000;
  for (let start = from; start < to; start += STEP) {
    const end = Math.min(to, start + STEP);
    const numbers = `WITH RECURSIVE n (i) AS (SELECT ${start + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${end})`;
    for (const insert of ROWS) await db.prepare(insert.replace("SELECT", `${numbers} SELECT`)).run();
  }
}

/** The rows that D1 reads for a query, and the ms that it takes for it, by its own account; of several times the fastest. */
async function measure(server, db, name, samples) {
  let fastest = Infinity;
  let rowsRead = 0;
  for (let sample = 0; sample <= samples; sample += 1) {
    const tally = { rowsRead: 0, ms: 0 };
    await QUERIES[name](server, observed(db, tally));
    // The first time, default assistants are written, and statements prepared.
    if (sample === 0 && samples > 1) continue;
    rowsRead = tally.rowsRead;
    fastest = Math.min(fastest, tally.ms);
  }
  return { rowsRead, ms: fastest };
}

/** The database, whose answers are counted. */
function observed(db, tally) {
  const count = (result) => {
    tally.rowsRead += result.meta.rows_read;
    tally.ms += result.meta.duration;
    return result;
  };
  const wrap = (inner) => {
    const all = async () => count(await inner.all());
    return {
      inner,
      bind: (...values) => wrap(inner.bind(...values)),
      all,
      run: all,
      first: async (column) => {
        const [row = null] = (await all()).results;
        return row === null || column === undefined ? row : row[column];
      },
    };
  };
  return {
    prepare: (sql) => wrap(db.prepare(sql)),
    batch: async (statements) => (await db.batch(statements.map(({ inner }) => inner))).map(count),
  };
}
