/**
 * A deployment applies the migrations of D1 first and uploads the new Worker then. Until that is done, and after a rollback, an
 * earlier version works on the newer schema. Its statements are stored, and are executed here on the schema before and after.
 */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../migrations");
const stored = join(import.meta.dirname, "../support/stored/d1-statements");

interface Statement {
  sql: string;
  params: SQLInputValue[];
}

/** What a statement came to. */
interface Result {
  sql: string;
  rows?: Record<string, unknown>[];
  changes?: number | bigint;
  error?: string;
}

const numberOf = (file: string): string => file.slice(0, 4);
const migrations = readdirSync(folder)
  .filter((file) => file.endsWith(".sql"))
  .sort();
/** The versions whose statements are stored, each named by the last migration that it has. */
const versions = readdirSync(stored).map(numberOf).sort();

const statementsOf = (version: string): Statement[] =>
  readFileSync(join(stored, `${version}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Statement);

/** A database with the schema of a version, in which its statements were executed once. */
function databaseOf(version: string): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  for (const file of migrations.filter((name) => numberOf(name) <= version)) apply(db, file);
  executeAll(db, version);
  return db;
}

const apply = (db: DatabaseSync, file: string): void => {
  db.exec(readFileSync(join(folder, file), "utf8"));
};

/** Executes a statement as D1 does. Node's SQLite takes a number for a name, and no parameter that the statement does not use. */
function execute(db: DatabaseSync, { sql, params }: Statement): Result {
  let highest = 0;
  const named = sql.replaceAll(/\?(\d*)/g, (_match, digits: string) => {
    const number = digits === "" ? highest + 1 : Number(digits);
    highest = Math.max(highest, number);
    return `:p${number}`;
  });
  const statement = db.prepare(named);
  statement.setAllowUnknownNamedParameters(true);
  const values = Object.fromEntries(params.map((value, index) => [`p${index + 1}`, value]));
  if (statement.columns().length > 0) return { sql, rows: statement.all(values).map((row) => ({ ...row })) };
  return { sql, changes: statement.run(values).changes };
}

/** What each statement comes to; for one that fails, its error. */
const executeAll = (db: DatabaseSync, version: string): Result[] =>
  statementsOf(version).map((statement) => {
    try {
      return execute(db, statement);
    } catch (error) {
      return { sql: statement.sql, error: String(error) };
    }
  });

/** The results without the columns that only the newer schema has. */
const withoutNewColumns = (results: Result[], before: Result[]): Result[] =>
  results.map((result, index) => {
    const [known] = before[index]?.rows ?? [];
    if (result.rows === undefined || known === undefined) return result;
    const rows = result.rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([column]) => column in known)),
    );
    return { ...result, rows };
  });

describe.each(versions)("the statements of the version with the migrations up to %s", (version) => {
  it("are executed on its own schema", () => {
    const failed = executeAll(databaseOf(version), version).filter(({ error }) => error !== undefined);
    expect(failed).toEqual([]);
  });

  const later = migrations.filter((file) => numberOf(file) > version);
  it.each(later)("come to the same with the migrations up to %s", (last) => {
    const before = executeAll(databaseOf(version), version);
    const migrated = databaseOf(version);
    for (const file of later.filter((name) => name <= last)) apply(migrated, file);
    const after = withoutNewColumns(executeAll(migrated, version), before);
    const changed = after.flatMap((result, index) =>
      isDeepStrictEqual(result, before[index]) ? [] : [{ before: before[index], after: result }],
    );
    expect(changed).toEqual([]);
  });
});

it("the statements of the version before the last migration are stored", () => {
  // If this fails, see "The schema of D1" in CONTRIBUTING.md.
  expect(migrations.slice(-2).map(numberOf)).toContain(versions.at(-1));
});
