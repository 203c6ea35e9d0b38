/** Copies of the server with graphs of their own: nobody who edits the files meanwhile makes their server start again. */
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { packageRoot } from "../package-root.js";

const PARTS = ["src", "dist", "migrations", "package.json", "tsconfig.json", "wrangler.toml"];

/**
 * @param checkout this project, or another checkout of it; without packages it uses those of this one
 * @param copy the folder to be made
 * @param graphsFile a module on its own, whose exports are graphs
 * @param names of the exports, which become the ids of the graphs
 */
export function copyProject(
  checkout: string,
  copy: string,
  graphsFile: string,
  names: readonly string[],
): void {
  mkdirSync(copy, { recursive: true });
  for (const part of PARTS) cpSync(join(checkout, part), join(copy, part), { recursive: true });
  const packages = join(checkout, "node_modules");
  symlinkSync(
    existsSync(packages) ? packages : join(packageRoot, "node_modules"),
    join(copy, "node_modules"),
  );
  const file = basename(graphsFile);
  cpSync(graphsFile, join(copy, file));
  const graphs = Object.fromEntries(names.map((name) => [name, `./${file}:${name}`]));
  writeFileSync(join(copy, "langgraph.json"), JSON.stringify({ graphs }));
}
