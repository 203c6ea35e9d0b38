/** What `edgecron dev` makes of its flags: those for `wrangler dev`, and those for applying the migrations. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { administratorKey } from "../deploy/secrets.js";

const DEFAULT_PORT = "8787";
const DEFAULT_STATE = ".wrangler/state";

const options = {
  "persist-to": { type: "string" },
  port: { type: "string" },
  ip: { type: "string" },
  "env-file": { type: "string" },
  var: { type: "string" },
  env: { type: "string", short: "e" },
} as const;

export interface DevSurroundings {
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** The folder of langgraph.json; default: `cwd`. */
  readonly projectDir?: string;
  /** The variables of `.dev.vars` and `.env`. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** A file with these variables, for the server; without it wrangler reads its own. */
  readonly envFile?: string;
}

export interface DevArguments {
  /** The folder of all local state, absolute. */
  readonly persistTo: string;
  /** The value that the variable AUTH will have. */
  readonly access: string;
  /** A key of an administrator; null when there is none. */
  readonly apiKey: string | null;
  /** Flags of `wrangler d1 migrations apply`. */
  readonly migrate: readonly string[];
  /** Flags of `wrangler dev`. */
  readonly dev: readonly string[];
}

/** @param argv flags of `wrangler dev`, handed on as they are, after the defaults that they do not override */
export function devArguments(
  argv: readonly string[],
  { cwd, projectDir = cwd, variables, envFile }: DevSurroundings,
): DevArguments {
  const { values } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true });
  const state = text(values["persist-to"]);
  const persistTo = state === undefined ? resolve(projectDir, DEFAULT_STATE) : resolve(cwd, state);
  const auth = chosen("AUTH", argv) ?? variables["AUTH"];
  const environment = text(values.env);
  const which = environment === undefined ? [] : ["--env", environment];
  return {
    persistTo,
    access: auth ?? "open",
    apiKey: administratorKey(chosen("API_KEYS", argv) ?? variables["API_KEYS"]) ?? null,
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
const isLoopback = (ip: string | undefined): boolean =>
  ip === undefined || /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(ip);

/** The value of the last `NAME:value`; one `--var` may be followed by several pairs. */
function chosen(name: string, argv: readonly string[]): string | undefined {
  const pairs = argv.map((word) => word.replace(/^--var=/, ""));
  return pairs.findLast((word) => word.startsWith(`${name}:`))?.slice(name.length + 1);
}

/** Without the flag that is given anew with an absolute path: wrangler resolves it differently in its commands. */
function withoutPersistTo(argv: readonly string[]): string[] {
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const dropped = new Set<number>();
  for (const token of tokens) {
    if (token.kind !== "option" || token.name !== "persist-to") continue;
    dropped.add(token.index);
    if (token.value !== undefined && !token.inlineValue) dropped.add(token.index + 1);
  }
  return argv.filter((_, index) => !dropped.has(index));
}

/** A flag without its value is a boolean here; wrangler will complain of it. */
const text = (value: string | boolean | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;
