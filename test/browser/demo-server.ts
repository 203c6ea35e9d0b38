/** A server of the project in `demo`, with one graph more, in a folder of its own that is gone with it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { devArguments } from "../../cli/dev/dev-arguments";
import { DevServer } from "../../cli/dev/dev-server";
import { projectAt } from "../../cli/project";
import { memoryDisk } from "../../cli/repository/memory-disk";

const root = join(import.meta.dirname, "../..");

export interface DemoServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * @param variables such as `AUTH:open`
 * @throws Error with the server's log when it does not start
 */
export async function startDemoServer(...variables: string[]): Promise<DemoServer> {
  const folder = mkdtempSync(join(memoryDisk() ?? tmpdir(), "edgecron-browser-"));
  cpSync(join(root, "demo"), folder, {
    recursive: true,
    filter: (source) => !/[\\/]\.(?:edgecron|wrangler)\b/.test(source),
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  addTalks(folder);
  const log: string[] = [];
  const server = new DevServer(projectAt(join(folder, "langgraph.json")), (line) => log.push(line));
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const argv = ["--port", "0", "--inspector-port", "0", "--persist-to", join(folder, "state")];
    const flags = variables.flatMap((variable) => ["--var", variable]);
    await server.start(devArguments([...argv, ...flags], { cwd: folder, variables: {} }));
  } catch (error) {
    await stop();
    throw new Error(`the server of the browser tests did not start:\n${log.join("\n")}`, { cause: error });
  }
  return { url: server.url ?? "", stop };
}

/** Adds the graph of the other tests whose model streams word for word, with the files that it imports. */
function addTalks(folder: string): void {
  for (const file of ["graphs/talks.ts", "graphs/steps.ts", "until.ts"])
    cpSync(join(root, "test/support", file), join(folder, file));
  const path = join(folder, "langgraph.json");
  const { graphs } = JSON.parse(readFileSync(path, "utf8")) as { graphs: object };
  writeFileSync(path, JSON.stringify({ graphs: { ...graphs, talks: "./graphs/talks.ts:graph" } }));
}
