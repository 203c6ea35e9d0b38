/** What `npm run dev` makes of its flags: those for `wrangler dev`, and those for applying the migrations. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const DEFAULT_PORT = "8787";
const DEFAULT_STATE = ".wrangler/state";

const options = {
  "persist-to": { type: "string" },
  port: { type: "string" },
  ip: { type: "string" },
  "env-file": { type: "string" },
  var: { type: "string" },
  config: { type: "string", short: "c" },
  env: { type: "string", short: "e" },
};

/**
 * @param {string[]} argv flags of `wrangler dev`, handed on as they are, after the defaults that they do not override
 * @param {import("./dev-arguments.d.mts").DevSurroundings} surroundings
 * @returns {import("./dev-arguments.d.mts").DevArguments}
 */
export function devArguments(argv, { cwd, variables, envFile }) {
  const { values } = parseArgs({ args: argv, options, strict: false, allowPositionals: true });
  const persistTo = resolve(cwd, text(values["persist-to"]) ?? DEFAULT_STATE);
  const auth = chosenAuth(argv) ?? variables.AUTH;
  const which = [
    ...(text(values.config) === undefined ? [] : ["--config", values.config]),
    ...(text(values.env) === undefined ? [] : ["--env", values.env]),
  ];
  return {
    persistTo,
    access: auth ?? "open",
    migrate: ["--local", "--persist-to", persistTo, ...which],
    dev: [
      // First, since wrangler takes every word up to the next flag for another variable.
      ...["--var", `EDGECRON_DEV:${isLoopback(text(values.ip)) ? "loopback" : "any"}`],
      ...(auth === undefined ? ["AUTH:open"] : []),
      "--show-interactive-dev-session=false",
      // Names in the stacks of errors are those of the source.
      "--no-minify",
      ...(envFile === undefined || values["env-file"] !== undefined ? [] : ["--env-file", envFile]),
      ...(values.port === undefined ? ["--port", DEFAULT_PORT] : []),
      ...withoutPersistTo(argv),
      "--persist-to",
      persistTo,
    ],
  };
}

/** Whether the server listens to this machine alone, as it does without `--ip`. */
const isLoopback = (ip) => ip === undefined || /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(ip);

/** The value of the last `AUTH:value`; one `--var` may be followed by several pairs. */
function chosenAuth(argv) {
  const pair = argv.map((word) => word.replace(/^--var=/, "")).findLast((word) => word.startsWith("AUTH:"));
  return pair?.slice("AUTH:".length);
}

/** Without the flag that is given anew with an absolute path: wrangler resolves it differently in its commands. */
function withoutPersistTo(argv) {
  const { tokens } = parseArgs({ args: argv, options, strict: false, allowPositionals: true, tokens: true });
  const dropped = new Set();
  for (const token of tokens) {
    if (token.kind !== "option" || token.name !== "persist-to") continue;
    dropped.add(token.index);
    if (token.value !== undefined && !token.inlineValue) dropped.add(token.index + 1);
  }
  return argv.filter((_, index) => !dropped.has(index));
}

/** A flag without its value is a boolean here; wrangler will complain of it. */
const text = (value) => (typeof value === "string" ? value : undefined);
