/** A project outside of this repository that has the package installed, its server, and its `edgecron crons`. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** On a busy machine, to bundle and to start; and for a line of a server that answers. Below the limits of tests, which cannot say what they waited for. */
const START_LIMIT_MS = 300_000;
const LINE_LIMIT_MS = 120_000;
const LOOK_MS = 100;
/** How many of the last lines of the log a failure shows. */
const TAIL_LINES = 60;

/** How a command ended, and what it printed. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

export class InstalledProject {
  readonly #command: string;
  readonly #key = "key-of-ada-0123456789";
  #server: ChildProcess | undefined;
  /** By itself or by a signal; or it was never started. */
  #hasEnded = true;
  #log = "";
  #url = "";

  constructor(readonly dir: string) {
    this.#command = join(dir, "node_modules/edgecron/dist/main.js");
  }

  async write(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, name)), { recursive: true });
      await writeFile(join(this.dir, name), text);
    }
  }

  /**
   * Installs what package.json names; what npm knows of a package from earlier is not asked for again. Scripts of packages do not run, as
   * where nobody allows them: on this Node nothing depends on them.
   */
  async install(): Promise<void> {
    const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"];
    await run("npm", ["install", ...flags], { cwd: this.dir });
  }

  /** Starts `edgecron dev`, which lets in who has the key, and waits until it answers. */
  async start(): Promise<void> {
    const variables = ["--var", "AUTH:keys", `API_KEYS:${this.#key}`];
    const args = [this.#command, "dev", "--port", "0", "--inspector-port", "0", ...variables];
    this.#server = spawn(process.execPath, args, { cwd: this.dir, stdio: ["ignore", "pipe", "pipe"] });
    this.#hasEnded = false;
    this.#server.once("close", () => {
      this.#hasEnded = true;
    });
    for (const stream of [this.#server.stdout, this.#server.stderr])
      stream?.on("data", (text: Buffer) => {
        this.#log += text.toString();
      });
    [, this.#url = ""] = await this.#wait(/EdgeCron is ready at (\S+) /, START_LIMIT_MS);
  }

  /** Waits until the server has logged it. @throws Error with the end of its log, when the server ends before or the line does not come */
  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#wait(pattern, LINE_LIMIT_MS);
  }

  async #wait(pattern: RegExp, limitMs: number): Promise<RegExpExecArray> {
    const end = performance.now() + limitMs;
    for (;;) {
      const hasEnded = this.#hasEnded;
      const found = pattern.exec(this.#log);
      if (found !== null) return found;
      if (hasEnded || performance.now() > end) {
        const why = hasEnded ? "the server has ended" : `waited for ${limitMs / 1_000} s`;
        const tail = this.#log.split("\n").slice(-TAIL_LINES).join("\n");
        throw new Error(`not logged: ${String(pattern)} (${why}). The end of the log:\n${tail}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const headers = { "content-type": "application/json", "x-api-key": this.#key };
    const answer = await fetch(this.#url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.json<Record<string, unknown>>();
  }

  /** What is served at a path, to whoever asks. */
  async get(path: string): Promise<string> {
    return (await fetch(this.#url + path)).text();
  }

  /** Runs `edgecron crons` as somebody in Tokyo who has the key. */
  crons(...args: string[]): Promise<Ended> {
    const env = {
      ...process.env,
      EDGECRON_URL: this.#url,
      EDGECRON_API_KEY: this.#key,
      TZ: "Asia/Tokyo",
      // Some fifteen processes load the same code; compiled once, each of them starts sooner.
      NODE_COMPILE_CACHE: join(this.dir, "compiled"),
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [this.#command, "crons", ...args],
        { cwd: this.dir, env },
        (error, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code), out, err });
        },
      );
    });
  }

  async stop(): Promise<void> {
    if (this.#server === undefined || this.#hasEnded) return;
    this.#server.kill("SIGTERM");
    await once(this.#server, "close");
  }
}
