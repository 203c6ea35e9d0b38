/** Starts the package's own wrangler: offline, without questions, and such that nothing of it outlives its caller. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { FILES_ASKING_PARENT } from "./build/module-parent.js";
import { packageRoot } from "./package-root.js";

const OLDEST_NODE = 22;

const require = createRequire(import.meta.url);

/** wrangler would otherwise look for updates, send figures, fetch a sample of `request.cf`, or ask something. */
const ENVIRONMENT = {
  CI: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_SEND_METRICS: "false",
  // It would trace every request, call and statement into a database of its own, at a third of the server's time.
  X_LOCAL_OBSERVABILITY: "false",
};

const PLUGIN_FOR_ESBUILD = pathToFileURL(join(packageRoot, "dist/wrangler-esbuild.js")).href;

/** A process whose output is piped. */
export type PipedChild = ChildProcessByStdio<null, Readable, Readable>;

/** The child leads a process group of its own, where there are such. */
const hasGroups = process.platform !== "win32";

/**
 * Starts `wrangler ...args`. Its output is piped; it tells by IPC when a server is ready.
 * @param cwd the folder that relative paths are relative to
 * @param environment beside this process's own
 */
export function startWrangler(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): PipedChild {
  const [command, words] = wranglerCommand(args);
  // Only where it is needed.
  const imports = FILES_ASKING_PARENT in environment ? ["--import", PLUGIN_FOR_ESBUILD] : [];
  const child = spawn(command, [...imports, ...words], {
    cwd,
    detached: hasGroups,
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  }) as PipedChild;
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  if (hasGroups) guard(child);
  return child;
}

/** The program and the words of the command `wrangler ...args`. */
export function wranglerCommand(args: readonly string[]): [program: string, words: string[]] {
  return [nodeBinary(), [packageFile("wrangler", "bin/wrangler.js"), ...args]];
}

/** Ends the child and all that it started, at once. */
export function killGroup(child: Pick<PipedChild, "pid" | "kill">): void {
  if (child.pid === undefined) return;
  try {
    if (hasGroups) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * workerd does not end when wrangler is killed, nor wrangler when its parent is. So a shell waits at a pipe that
 * closes when this process ends, however it ends, and then ends the child's group.
 */
function guard(child: PipedChild): void {
  const script = 'trap "" HUP INT TERM; read -r word; [ "$word" = done ] || kill -s KILL -- "-$0"';
  const shell = spawn("/bin/sh", ["-c", script, String(child.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  // A pipe is a socket, which Node's types do not say.
  (shell.stdin as unknown as { unref: () => void }).unref();
  child.on("exit", () => {
    // Of the group only those are left that should have ended with it.
    killGroup(child);
    shell.stdin.end("done\n");
  });
}

/** This process's node if wrangler can run on it; otherwise the one that is among the packages. @throws Error when there is none */
export const nodeBinary = (): string => nodeFor(process.versions.node, nodeOfPackage());

/** Where the npm package `node` has its program, which its install script brings. It is an optional dependency, since Yarn cannot run that script. */
function nodeOfPackage(): string | undefined {
  try {
    return packageFile("node", process.platform === "win32" ? "bin/node.exe" : "bin/node");
  } catch {
    return undefined;
  }
}

/** @param installed the program of the npm package `node`; it need not be there */
export function nodeFor(version: string, installed: string | undefined): string {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return process.execPath;
  if (installed !== undefined && existsSync(installed)) return installed;
  throw new Error(
    `Node ${OLDEST_NODE} or later is needed, and this is ${version}. The npm package "node" brings it, but its install script has not ` +
      'run. Run it by "npm rebuild node", or with pnpm by "pnpm approve-builds"; or use a newer Node.',
  );
}

const packageFile = (name: string, file: string): string =>
  join(dirname(require.resolve(`${name}/package.json`)), file);
