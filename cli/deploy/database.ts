/** The D1 database of a deployment. */
import { z } from "../libraries.js";
import type { WranglerOptions } from "./run-wrangler.js";
import type { Tools } from "./steps.js";
import { wranglerFailure } from "./wrangler-failures.js";

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

const databases = z.array(z.object({ uuid: z.string(), name: z.string() }));

/** @returns the id of the account's database with this name, if there is one */
export async function findDatabase(
  { wrangler }: Tools,
  accountId: string,
  name: string,
): Promise<string | undefined> {
  const result = await wrangler(["d1", "list", "--json"], { accountId });
  if (result.code !== 0) throw wranglerFailure("the databases of the account cannot be listed", result);
  return databases.parse(JSON.parse(result.stdout)).find((database) => database.name === name)?.uuid;
}

/** @returns the id of the new database */
export async function createDatabase({ wrangler }: Tools, accountId: string, name: string): Promise<string> {
  const result = await wrangler(["d1", "create", name], { accountId });
  if (result.code !== 0) throw wranglerFailure(`the D1 database "${name}" could not be created`, result);
  const [id] = UUID.exec(result.stdout) ?? [];
  if (id !== undefined) return id;
  throw wranglerFailure(`wrangler does not say the id of the new D1 database "${name}"`, result);
}

/** @returns the names of the migrations that were applied now */
export async function applyMigrations(
  { wrangler }: Tools,
  accountId: string,
  options: Pick<WranglerOptions, "configPath" | "environment">,
): Promise<string[]> {
  const words = ["d1", "migrations", "apply", "DB", "--remote"];
  const result = await wrangler(words, { ...options, accountId });
  if (result.code !== 0) throw wranglerFailure("the migrations could not be applied", result);
  return [...new Set([...result.output.matchAll(/(\d{4}_\w+\.sql)\s*│\s*✅/g)].map(([, name = ""]) => name))];
}

export async function deleteDatabase({ wrangler }: Tools, accountId: string, id: string): Promise<void> {
  const result = await wrangler(["d1", "delete", id, "--skip-confirmation"], { accountId });
  if (result.code !== 0) throw wranglerFailure("the D1 database could not be deleted", result);
}
