/** Starts the project's own wrangler: offline, without questions, and such that nothing of it outlives its caller. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 22;

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
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

/** The child leads a process group of its own, where there are such. */
const hasGroups = process.platform !== "win32";

/**
 * Starts `wrangler ...args`. Its output is piped; it tells by IPC when a server is ready.
 * @param {string[]} args
 * @param {Record<string, string>} [environment] beside this process's own
 */
export function startWrangler(args, environment = {}) {
  const [command, ...words] = wranglerCommand(args);
  const child = spawn(command, words, {
    cwd: root,
    detached: hasGroups,
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  if (hasGroups) guard(child);
  return child;
}

/** The words of the command `wrangler ...args`. */
export function wranglerCommand(args) {
  return [nodeBinary(), packageFile("wrangler", "bin/wrangler.js"), ...args];
}

/** Ends the child and all that it started, at once. */
export function killGroup(child) {
  try {
    if (hasGroups) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/**
 * workerd does not end when wrangler is killed, nor wrangler when its parent is. So a shell waits at a pipe that
 * closes when this process ends, however it ends, and then ends the child's group.
 */
function guard(child) {
  const script = 'trap "" HUP INT TERM; read -r word; [ "$word" = done ] || kill -s KILL -- "-$0"';
  const shell = spawn("/bin/sh", ["-c", script, String(child.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  shell.stdin.unref();
  child.on("exit", () => {
    // Of the group only those are left that should have ended with it.
    killGroup(child);
    shell.stdin.end("done\n");
  });
}

/** This process's node if wrangler can run on it; otherwise the one that is among the packages. */
function nodeBinary() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) return process.execPath;
  const installed = packageFile("node", process.platform === "win32" ? "bin/node.exe" : "bin/node");
  return existsSync(installed) ? installed : process.execPath;
}

const packageFile = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);
