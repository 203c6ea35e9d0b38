/** The server that the dashboard is tested against: that of the project in `demo`, started once, with data in it. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { devArguments } from "../../cli/dev/dev-arguments";
import { DevServer } from "../../cli/dev/dev-server";
import { projectAt } from "../../cli/project";
import { memoryDisk } from "../../cli/repository/memory-disk";
import { requireChromium } from "./chromium";
import { seed } from "./seed";

const root = join(import.meta.dirname, "../..");

declare module "vitest" {
  interface ProvidedContext {
    /** Where the server answers. */
    serverUrl: string;
  }
}

export default async function startServer({ provide }: TestProject): Promise<() => Promise<void>> {
  requireChromium();
  const folder = mkdtempSync(join(memoryDisk() ?? tmpdir(), "edgecron-browser-"));
  cpSync(join(root, "demo"), folder, {
    recursive: true,
    filter: (source) => !source.includes(".edgecron") && !source.includes(".wrangler"),
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const log: string[] = [];
  const server = new DevServer(projectAt(join(folder, "langgraph.json")), (line) => log.push(line));
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const argv = ["--port", "0", "--inspector-port", "0", "--persist-to", join(folder, "state")];
    const variables = ["--var", "AUTH:open"];
    await server.start(devArguments([...argv, ...variables], { cwd: folder, variables: {} }));
    const url = server.url ?? "";
    await seed(url);
    provide("serverUrl", url);
  } catch (error) {
    await stop();
    throw new Error(`the server of the browser tests did not start:\n${log.join("\n")}`, { cause: error });
  }
  return stop;
}
