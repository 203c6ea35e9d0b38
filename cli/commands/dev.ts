/** `edgecron dev`: the project's server on this machine, without account, key or network. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, join } from "node:path";
import type { Command } from "commander";
import type { DevServer } from "../dev/dev-server.js";
import { type Project, projectAt } from "../project.js";

const PARENT_CHECK_MS = 1_000;

const HELP = `
Access is open unless AUTH is set, by --var or in .env or .dev.vars. Data is kept in .wrangler/state.
Every flag of "wrangler dev" may be given too, for example:
  --port <number>            where it answers; default 8787, and 0 is any free one
  --ip <address>             which address it listens at; default localhost
  --persist-to <folder>      where data is kept
  --var <NAME:value...>      variables beside those of .env and .dev.vars

Examples:
  $ edgecron dev
  $ edgecron dev --port 9000 --persist-to /tmp/edgecron
  $ edgecron dev --config apps/agent/langgraph.json --var AUTH:keys API_KEYS:secret`;

export function addDev(program: Command): void {
  program
    .command("dev")
    .summary("serve the graphs on this machine, and again when a file changes")
    .description("Serves the graphs of langgraph.json on this machine, and again when a file changes.")
    .option("-c, --config <path>", "the project's langgraph.json", "langgraph.json")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", HELP)
    .action(async ({ config }: { config: string }, { args }: Command) => {
      process.exitCode = await dev(projectAt(config), args);
    });
}

/** Settles with the exit code, when the server has ended. */
async function dev(project: Project, argv: readonly string[]): Promise<number> {
  const { readConfig } = await import("../build/graphs-config.js");
  const { projectVariables, writeEnvFile } = await import("../build/project-variables.js");
  const { devArguments } = await import("../dev/dev-arguments.js");
  const { DevServer } = await import("../dev/dev-server.js");
  const { dashboardPath } = await import("../dashboard.js");
  const { startTable } = await import("../dev/start-table.js");
  const { processTerminal } = await import("../crons/terminal.js");
  const { env, auth, graphs, mountPrefix } = await readConfig(project.configPath);
  const variables = projectVariables(project.configPath, env);
  const envFile = join(project.outDir, "dev.env");
  writeEnvFile(envFile, variables);
  const surroundings = { cwd: process.cwd(), projectDir: project.dir, variables, envFile };
  const args = devArguments(argv, surroundings);
  const { DeclaredCrons } = await import("../dev/declared-crons.js");
  const crons = new DeclaredCrons(project.configPath);
  const server = new DevServer(
    project,
    (line) => {
      if (!crons.isOwnRequest(line)) console.log(line);
    },
    () => {
      crons.reconcile();
    },
  );
  const end = new End(server);
  const count = graphs.length;
  console.log(
    `Building ${count === 1 ? "the graph" : `${count} graphs`} of ${basename(project.configPath)}…`,
  );
  try {
    await server.start(args);
    const access = auth === undefined ? accessOf(args.access) : `${auth.path} decides who may call`;
    const url = String(server.url);
    console.log(`EdgeCron is ready at ${url} (${access}). Ctrl-C ends it.`);
    const hasDashboard = (await dashboardPath(project)) !== null;
    const table = startTable(processTerminal(), url + mountPrefix, hasDashboard, server.graphIds);
    for (const line of table) console.log(line);
    crons.start(url, args.apiKey);
    await server.ended;
  } catch (error) {
    if (end.code === null) console.error(error instanceof Error ? error.message : error);
    server.kill();
    return end.code ?? 1;
  }
  return end.code ?? (server.code === 0 ? 1 : (server.code ?? 1));
}

function accessOf(auth: string): string {
  if (auth === "open") return "access is open: requests need no key";
  return auth === "keys" ? "requests need an x-api-key" : `AUTH is "${auth}"`;
}

/** What ends the server: signals, a reader of the output that is gone, npm that is gone. */
class End {
  /** The exit code, once something has asked for the end. */
  code: number | null = null;
  readonly #server: DevServer;

  constructor(server: DevServer) {
    this.#server = server;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        // Asked again, it does not wait.
        if (this.code !== null) server.kill();
        else this.#stop(128 + constants.signals[signal]);
      });
    }
    process.stdout.on("error", () => {
      this.#stop(1);
    });
    this.#endWithNpm();
  }

  #stop(code: number): void {
    this.code ??= code;
    void this.#server.stop();
  }

  /** npm that is killed tells nobody, but who was under it is then under another. */
  #endWithNpm(): void {
    if (process.env["npm_lifecycle_event"] === undefined) return;
    const parents = parentsNow();
    setInterval(() => {
      if (parentsNow() !== parents && this.code === null) this.#stop(1);
    }, PARENT_CHECK_MS).unref();
  }
}

/** The parent, and its own where that can be read: npm may have a shell between itself and this. */
function parentsNow(): string {
  const { ppid } = process;
  try {
    const [, ofParent = ""] = readFileSync(`/proc/${ppid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return `${ppid} ${ofParent}`;
  } catch {
    return String(ppid);
  }
}
