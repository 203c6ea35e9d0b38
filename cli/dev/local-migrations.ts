/**
 * Applies the D1 migrations to the local database. Starting wrangler for it takes two seconds, so a note beside the
 * database says which migrations it has, and they are not applied again while that note holds.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../package-root.js";
import type { Project } from "../project.js";
import { startWrangler } from "../wrangler.js";
import type { DevArguments } from "./dev-arguments.js";

const NOTE = "edgecron-migrations.json";

type Arguments = Pick<DevArguments, "persistTo" | "migrate">;

/**
 * @param signal ends it early
 * @throws Error with wrangler's output when a migration cannot be applied
 */
export async function applyLocalMigrations(
  project: Project,
  { persistTo, migrate }: Arguments,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(persistTo, "v3", "d1", "miniflare-D1DatabaseObject");
  const wanted = await fingerprint(project, migrate);
  if (await isApplied(folder, wanted)) return;
  await run(project, ["d1", "migrations", "apply", "DB", ...migrate], signal);
  await writeFile(join(folder, NOTE), JSON.stringify({ wanted, databases: await databases(folder) }));
}

/** Of all that decides which statements end up in which database. */
async function fingerprint({ wranglerConfig }: Project, migrate: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(migrate));
  const { d1_databases: bindings } = JSON.parse(await readFile(wranglerConfig, "utf8")) as Record<
    string,
    unknown
  >;
  hash.update(JSON.stringify(bindings));
  const dir = join(packageRoot, "migrations");
  const names = (await readdir(dir)).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names) hash.update(`\n${name}\n`).update(await readFile(join(dir, name)));
  return hash.digest("hex");
}

/** The note lies in the folder of the databases and names each by inode: one made anew is another. */
async function isApplied(folder: string, wanted: string): Promise<boolean> {
  try {
    const note = JSON.parse(await readFile(join(folder, NOTE), "utf8")) as Record<string, unknown>;
    return (
      note["wanted"] === wanted &&
      JSON.stringify(note["databases"]) === JSON.stringify(await databases(folder))
    );
  } catch {
    return false;
  }
}

async function databases(folder: string): Promise<[string, number][]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sqlite")).sort();
  return Promise.all(
    names.map(async (name): Promise<[string, number]> => [name, (await stat(join(folder, name))).ino]),
  );
}

async function run(project: Project, args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = startWrangler([...args, "--config", project.wranglerConfig], project.dir);
  const stop = (): void => {
    child.kill("SIGTERM");
  };
  signal.addEventListener("abort", stop, { once: true });
  let output = "";
  child.stdout.on("data", (text: string) => (output += text));
  child.stderr.on("data", (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the migrations could not be applied to the local database:\n${output}`);
}
