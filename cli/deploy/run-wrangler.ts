/** Runs wrangler to its end, and reads what it answered: its output, and the file of results that it writes for programs. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { z } from "../libraries.js";
import { killGroup, startWrangler } from "../wrangler.js";

export interface WranglerResult {
  code: number;
  stdout: string;
  /** All that it printed. */
  output: string;
  /** Of a command that failed: what it said, and Cloudflare's number of the error where there is one. */
  failure: { message: string; code?: number | undefined } | null;
  /** Of `deploy`: where the Worker answers. */
  targets: string[];
}

export interface WranglerOptions {
  accountId?: string | undefined;
  /** The configuration of the Worker. Without it wrangler gets one that says nothing, and not what else lies in the folder. */
  configPath?: string;
  /** Handed over in a file that only this user can read, and that is removed afterwards. */
  secrets?: Readonly<Record<string, string>>;
  environment?: Readonly<Record<string, string>>;
}

/** Runs `wrangler ...args`. */
export type RunWrangler = (args: readonly string[], options?: WranglerOptions) => Promise<WranglerResult>;

/** What wrangler writes to the file of results, one JSON object a line; other kinds are skipped. */
const resultLine = z.discriminatedUnion("type", [
  z.object({ type: z.literal("deploy"), targets: z.array(z.string()).default([]) }),
  z.object({
    type: z.literal("command-failed"),
    message: z.string(),
    code: z.union([z.number(), z.string()]).optional().catch(undefined),
  }),
]);

/**
 * @param cwd the project's folder
 * @param credentials the variables for wrangler that the project's `.env` sets
 */
export function wranglerIn(cwd: string, credentials: Readonly<Record<string, string>>): RunWrangler {
  return async (args, { accountId, configPath, secrets, environment } = {}) => {
    const folder = mkdtempSync(join(tmpdir(), "edgecron-"));
    const remove = (): void => {
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", remove);
    try {
      const emptyConfig = join(folder, "wrangler.json");
      writeFileSync(emptyConfig, "{}");
      const words = [...args, "--config", configPath ?? emptyConfig];
      if (secrets !== undefined) {
        const file = join(folder, "secrets.json");
        writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
        words.push("--secrets-file", file);
      }
      const results = join(folder, "results.ndjson");
      const printed = await runToEnd(words, cwd, {
        ...credentials,
        // An environment of the shell would be looked for in the empty configuration.
        CLOUDFLARE_ENV: "",
        ...environment,
        ...(accountId !== undefined && { CLOUDFLARE_ACCOUNT_ID: accountId }),
        FORCE_COLOR: "0",
        WRANGLER_OUTPUT_FILE_PATH: results,
      });
      return { ...printed, ...readResults(results) };
    } finally {
      process.off("exit", remove);
      remove();
    }
  };
}

async function runToEnd(
  args: readonly string[],
  cwd: string,
  environment: Record<string, string>,
): Promise<Pick<WranglerResult, "code" | "stdout" | "output">> {
  const child = startWrangler(args, cwd, environment);
  let stdout = "";
  let output = "";
  child.stdout.on("data", (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.on("data", (text: string) => (output += text));
  const end = () => {
    killGroup(child);
  };
  process.once("exit", end);
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      resolve(status ?? 1);
    });
  });
  process.off("exit", end);
  return { code, stdout, output: stripVTControlCharacters(output).trim() };
}

function readResults(path: string): Pick<WranglerResult, "failure" | "targets"> {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => resultLine.safeParse(JSON.parse(line)).data);
  const failed = lines.find((line) => line?.type === "command-failed");
  const deployed = lines.find((line) => line?.type === "deploy");
  return {
    failure: failed === undefined ? null : { message: failed.message, code: numberOf(failed.code) },
    targets: deployed?.targets ?? [],
  };
}

const numberOf = (code: number | string | undefined): number | undefined =>
  typeof code === "number" ? code : undefined;
