/** `GET /ok` and `GET /info`: is it up, and what can it do. */
import { Hono } from "hono";
import { version } from "../../package.json";
import { now } from "../platform/clock";
import { readConfig, type Env } from "../platform/config";
import { DeadlineError, within } from "../platform/deadline";
import { D1_CALL_MS } from "../platform/time-limits";
import { okQuery } from "../wire/system";
import { readQuery } from "./request";

export const health = new Hono<{ Bindings: Env }>().get("/ok", async (c) => {
  readConfig(c.env);
  if (readQuery(c, okQuery).check_db === "1") await checkD1(c.env.DB);
  return c.json({ ok: true });
});

/** One question to D1 whether it answers. */
interface DatabaseCheck {
  /** When D1 was asked, in ms. */
  at: number;
  /** Undefined until D1 has answered, or has not in time. */
  outcome?: "answered" | Error;
}

/** Anybody may have D1 asked, so it is asked at most once a second. */
let lastCheck: DatabaseCheck | undefined;
const CHECK_EVERY_MS = 1_000;
const OUTCOME_POLL_MS = 25;

/** @throws what came of asking D1, now or less than a second ago, when that was not an answer */
async function checkD1(db: D1Database): Promise<void> {
  const at = now();
  let check = lastCheck;
  if (check === undefined || Math.abs(at - check.at) >= CHECK_EVERY_MS) {
    check = { at };
    lastCheck = check;
    await askD1(db, check);
  }
  // Another request asked. Its promise cannot be awaited here: it never settles when that request is cancelled.
  for (let waited = 0; check.outcome === undefined && waited < D1_CALL_MS; waited += OUTCOME_POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, OUTCOME_POLL_MS));
  }
  if (check.outcome !== "answered")
    throw check.outcome ?? new DeadlineError("D1 was asked and did not answer");
}

/** Asks D1 and notes in `check` what came of it. */
async function askD1(db: D1Database, check: DatabaseCheck): Promise<void> {
  try {
    await within(D1_CALL_MS, "D1", db.prepare("SELECT 1").run());
    check.outcome = "answered";
  } catch (error) {
    check.outcome = error instanceof Error ? error : new Error(String(error));
  }
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
