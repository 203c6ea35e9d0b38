/** `GET /ok` and `GET /info`: is it up, and what can it do. */
import { Hono } from "hono";
import { z } from "zod";
import { version } from "../../package.json";
import { now } from "../platform/clock";
import { readConfig, type Env } from "../platform/config";
import { within } from "../platform/deadline";
import { D1_CALL_MS } from "../platform/time-limits";
import { readQuery } from "./request";

export const okQuery = z.strictObject({ check_db: z.enum(["0", "1"]).default("0") });

export const health = new Hono<{ Bindings: Env }>().get("/ok", async (c) => {
  readConfig(c.env);
  if (readQuery(c, okQuery).check_db === "1") await checkD1(c.env.DB);
  return c.json({ ok: true });
});

/** When D1 was last asked whether it answers; anybody may have it asked, so it is asked at most once a second. */
let lastCheck: { at: number; failure: Error | undefined } | undefined;
const CHECK_EVERY_MS = 1_000;

/** @throws what D1 threw, now or less than a second ago */
async function checkD1(db: D1Database): Promise<void> {
  if (lastCheck === undefined || Math.abs(now() - lastCheck.at) >= CHECK_EVERY_MS) {
    // Noted before the answer is there: those who ask meanwhile do not ask D1 again.
    const check = { at: now(), failure: undefined as Error | undefined };
    lastCheck = check;
    try {
      await within(D1_CALL_MS, "D1", db.prepare("SELECT 1").run());
    } catch (error) {
      check.failure = error instanceof Error ? error : new Error(String(error));
    }
  }
  if (lastCheck.failure !== undefined) throw lastCheck.failure;
}

export const info = new Hono<{ Bindings: Env }>().get("/info", (c) =>
  c.json({
    version,
    langgraph_py_version: "",
    flags: { assistants: true, crons: true, langsmith: false, stream_namespaces: true, strict_resume: true },
    auth: readConfig(c.env).open ? "open" : "keys",
    metadata: { server: "edgecron" },
  }),
);
