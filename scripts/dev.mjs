#!/usr/bin/env node
/**
 * The server on this machine, without account, key or network:
 *
 *   npm run dev [-- --port 9000 --persist-to DIR --ip 0.0.0.0 --var NAME:value …]
 *
 * Every flag of `wrangler dev` may be given. Access is open unless AUTH is set by `--var` or in .dev.vars.
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { devArguments } from "./dev-arguments.mjs";
import { DevServer } from "./dev-server.mjs";
import { readConfig } from "./graphs-config.mjs";
import { projectVariables, writeEnvFile } from "./project-variables.mjs";
import { root } from "./wrangler.mjs";

const PARENT_CHECK_MS = 1_000;

const variables = await localVariables();
const envFile = join(root, ".edgecron/dev.env");
writeEnvFile(envFile, variables);
const args = devArguments(process.argv.slice(2), { cwd: process.cwd(), variables, envFile });
const server = new DevServer((line) => console.log(line));

/** The exit code, once something has asked for the end. */
let stopping = null;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // Asked again, it does not wait.
    if (stopping !== null) server.kill();
    else void stop(128 + constants.signals[signal]);
  });
}
// Whoever read the output is gone.
process.stdout.on("error", () => void stop(1));
endWithNpm();

try {
  await server.start(args);
  const access = { open: "access is open: requests need no key", keys: "requests need an x-api-key" }[
    args.access
  ];
  console.log(
    `EdgeCron is ready at ${server.url} (${access ?? `AUTH is "${args.access}"`}). Ctrl-C ends it.`,
  );
  await server.ended;
} catch (error) {
  if (stopping === null) console.error(error.message);
  server.kill();
  stopping ??= 1;
}
process.exit(stopping ?? (server.code || 1));

async function stop(code) {
  stopping ??= code;
  await server.stop();
}

/** Those of langgraph.json and .dev.vars; when langgraph.json is wrong, that is said and nothing starts. */
async function localVariables() {
  const path = join(root, "langgraph.json");
  try {
    const { env } = await readConfig(path);
    return projectVariables(path, env, root);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

/** npm that is killed tells nobody, but who was under it is then under another. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parents = parentsNow();
  setInterval(() => {
    if (parentsNow() !== parents && stopping === null) void stop(1);
  }, PARENT_CHECK_MS).unref();
}

/** The parent, and its own where that can be read: npm may have a shell between itself and this. */
function parentsNow() {
  const { ppid } = process;
  try {
    const [, ofParent] = readFileSync(`/proc/${ppid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return `${ppid} ${ofParent}`;
  } catch {
    return String(ppid);
  }
}
