/**
 * Applies the D1 migrations to the local database. Starting wrangler for it takes two seconds, so a note beside the
 * database says which migrations it has, and they are not applied again while that note holds.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, startWrangler } from "./wrangler.mjs";

const NOTE = "edgecron-migrations.json";

/**
 * @param {{ persistTo: string, migrate: string[] }} args of {@link import("./dev-arguments.mjs").devArguments}
 * @param {AbortSignal} signal ends it early
 * @throws Error with wrangler's output when a migration cannot be applied
 */
export async function applyLocalMigrations({ persistTo, migrate }, signal) {
  const folder = join(persistTo, "v3", "d1", "miniflare-D1DatabaseObject");
  const wanted = await fingerprint(migrate);
  if (await isApplied(folder, wanted)) return;
  await run(["d1", "migrations", "apply", "DB", ...migrate], signal);
  await writeFile(join(folder, NOTE), JSON.stringify({ wanted, databases: await databases(folder) }));
}

/** Of all that decides which statements end up in which database. */
async function fingerprint(migrate) {
  const hash = createHash("sha256").update(JSON.stringify(migrate));
  hash.update(await readFile(join(root, "wrangler.toml")));
  const names = (await readdir(join(root, "migrations"))).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names) hash.update(`\n${name}\n`).update(await readFile(join(root, "migrations", name)));
  return hash.digest("hex");
}

/** The note lies in the folder of the databases and names each by inode: one made anew is another. */
async function isApplied(folder, wanted) {
  try {
    const note = JSON.parse(await readFile(join(folder, NOTE), "utf8"));
    return (
      note.wanted === wanted && JSON.stringify(note.databases) === JSON.stringify(await databases(folder))
    );
  } catch {
    return false;
  }
}

async function databases(folder) {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sqlite")).sort();
  return Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).ino]));
}

async function run(args, signal) {
  const child = startWrangler(args);
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the migrations could not be applied to the local database:\n${output}`);
}
