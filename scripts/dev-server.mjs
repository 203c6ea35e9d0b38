/** A local server: the migrations, `wrangler dev`, and the minute's tick that starts the watchdog. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { applyLocalMigrations } from "./local-migrations.mjs";
import { killGroup, startWrangler } from "./wrangler.mjs";

const MINUTE_MS = 60_000;
/** wrangler ends within a second; what has not after this is killed. */
const STOP_LIMIT_MS = 5_000;
const READY_POLL_MS = 250;

export class DevServer {
  /** Where it answers, once it does. */
  url = null;
  /** The exit code of wrangler, once it has ended. */
  code = null;
  #child = null;
  #aborted = new AbortController();
  #held = [];
  #timer = null;
  #write;

  /** @param {(line: string) => void} write what the server logs, line by line; start-up chatter is left out */
  constructor(write) {
    this.#write = write;
  }

  /**
   * Settles when the server answers.
   * @param {import("./dev-arguments.d.mts").DevArguments} args
   * @throws Error when it ends before
   */
  async start(args) {
    await applyLocalMigrations(args, this.#aborted.signal);
    const child = startWrangler(["dev", ...args.dev]);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#log(line));
    }
    this.ended = once(child, "close").then(([code, signal]) => {
      clearTimeout(this.#timer);
      this.code = code ?? (signal === null ? 1 : 128);
      this.#release();
    });
    const listening = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("message", (message) => {
        const { event, ip, port } = JSON.parse(String(message));
        if (event === "DEV_SERVER_READY") resolve(urlOf(ip, port));
      });
      void this.ended.then(() => reject(new Error("the server ended before it was ready")));
    });
    const url = await listening;
    await this.#answers(url);
    this.url = url;
    this.#held = [];
    this.#tick();
  }

  /** Ends the server. Settles when all its processes have ended. */
  async stop() {
    this.#aborted.abort(new Error("stopped"));
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === null || this.code !== null) return;
    child.kill("SIGTERM");
    const limit = setTimeout(() => killGroup(child), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(limit);
  }

  /** Ends the server without waiting for what it is doing. */
  kill() {
    this.#aborted.abort(new Error("stopped"));
    if (this.#child !== null) killGroup(this.#child);
  }

  /** It listens before the Worker is built, and holds requests until then. */
  async #answers(url) {
    while (this.code === null) {
      const response = await fetch(`${url}/ok`, { signal: this.#aborted.signal }).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      this.#aborted.signal.throwIfAborted();
    }
    throw new Error("the server ended before it was ready");
  }

  /** What comes before the server is ready is chatter, unless something is wrong. */
  #log(line) {
    if (this.url === null && this.#held !== null) {
      this.#held.push(line);
      if (/\bERROR\b|\berror:/i.test(line)) this.#release();
    } else if (!/\[wrangler:info\] GET \/ok /.test(line)) {
      this.#write(line.replace("[wrangler:info] ", ""));
    }
  }

  #release() {
    if (this.url === null) for (const line of this.#held ?? []) this.#write(line);
    this.#held = null;
  }

  /** `wrangler dev` never fires cron triggers, so the watchdog would sleep: this starts it at every full minute. */
  #tick() {
    this.#timer = setTimeout(
      async () => {
        try {
          const response = await fetch(`${this.url}/cdn-cgi/local/scheduled`, {
            signal: AbortSignal.timeout(MINUTE_MS),
          });
          if (!response.ok) this.#write(`the watchdog answered ${response.status}: ${await response.text()}`);
        } catch (error) {
          if (this.code === null && !this.#aborted.signal.aborted)
            this.#write(`the watchdog did not answer: ${error.message}`);
        }
        if (this.code === null && !this.#aborted.signal.aborted) this.#tick();
      },
      MINUTE_MS - (Date.now() % MINUTE_MS),
    );
    this.#timer.unref();
  }
}

/** An address to listen at is not always one to call. */
function urlOf(ip, port) {
  const host =
    ip === "0.0.0.0" || ip === "*" ? "127.0.0.1" : ip === "::" ? "[::1]" : ip.includes(":") ? `[${ip}]` : ip;
  return `http://${host}:${port}`;
}
