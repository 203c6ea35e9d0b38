/** The server itself: whether it is up, what it can do, and the figures of all crons. */
import { version } from "../../package.json";
import { accessMode } from "../auth/access-mode";
import { readUse } from "../d1/d1-use";
import { settings } from "../graphs/registry";
import { now } from "../platform/clock";
import { isTracingEnabled, readConfig, type Env } from "../platform/config";
import { DeadlineError, within } from "../platform/deadline";
import { D1_CALL_MS } from "../platform/time-limits";
import { health, okQuery, serverInfo } from "../wire/system";
import { DescribedRoutes } from "./described-routes";
import { httpSettingsOf } from "./http-settings";
import { METRICS_TYPE, metricsOf } from "./metrics";
import { json, text } from "./openapi/operation";

/** Whether langgraph.json switches off what tells of the server. What is left of it asks D1 nothing. */
const hasNoMeta = httpSettingsOf(settings.http).disabled.has("meta");

/** Mounted before access is checked. */
export const openRoutes = new DescribedRoutes("System").add(
  "GET /ok",
  {
    id: "get_ok",
    allow: "everyone",
    summary: "Ask whether the server is up",
    query: okQuery,
    answers: json("It is up.", health),
  },
  async (c, { query }) => {
    readConfig(c.env);
    if (query.check_db === "0" || hasNoMeta) return c.json({ ok: true });
    const { warning } = await checkD1(c.env);
    return c.json({ ok: true, ...(warning !== null && { warning }) });
  },
);

export const systemRoutes = new DescribedRoutes("System")
  .add(
    "GET /info",
    {
      id: "get_info",
      allow: "callers",
      summary: "Read the version of the server and what it can do",
      answers: json("The server.", serverInfo),
    },
    (c) =>
      c.json({
        version,
        langgraph_py_version: "",
        flags: {
          assistants: true,
          crons: true,
          langsmith: isTracingEnabled(),
          stream_namespaces: true,
          strict_resume: true,
        },
        auth: accessMode(c.env),
        metadata: { server: "edgecron" },
      }),
  )
  .add(
    "GET /metrics",
    {
      id: "get_metrics",
      allow: ["crons:search"],
      summary: "Read the sums of all crons, for Prometheus",
      answers: text("In the text format of Prometheus.", "text/plain"),
    },
    async (c, { access }) => {
      await access.askForAll("crons:search");
      c.header("Content-Type", METRICS_TYPE);
      return c.body(await metricsOf(c.env));
    },
  );

/** A check of whether D1 answers. */
interface DatabaseCheck {
  /** When D1 was asked, in ms. */
  at: number;
  /** Undefined until D1 has answered, or has not in time. */
  outcome?: Answered | Error;
}

/** D1 has answered. */
interface Answered {
  /** What the operator should know; null when all is well. */
  warning: string | null;
}

/** The last check. Anybody may ask for one, so D1 is asked at most once a second. */
let lastCheck: DatabaseCheck | undefined;
const CHECK_EVERY_MS = 1_000;
const OUTCOME_POLL_MS = 25;

/** Checks that D1 answers, by a check of less than {@link CHECK_EVERY_MS} ago or a new one. @throws when D1 does not answer */
async function checkD1(env: Env): Promise<Answered> {
  const at = now();
  let check = lastCheck;
  if (check === undefined || Math.abs(at - check.at) >= CHECK_EVERY_MS) {
    check = { at };
    lastCheck = check;
    await askD1(env, check);
  }
  // Another request asked. Its promise cannot be awaited here: it never settles when that request is cancelled.
  for (let waited = 0; check.outcome === undefined && waited < D1_CALL_MS; waited += OUTCOME_POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, OUTCOME_POLL_MS));
  }
  if (check.outcome === undefined) throw new DeadlineError("D1 was asked and did not answer");
  if (check.outcome instanceof Error) throw check.outcome;
  return check.outcome;
}

/** Asks D1, and notes in `check` what it answered. Never throws. */
async function askD1(env: Env, check: DatabaseCheck): Promise<void> {
  try {
    const { use, wasShortOfSpace } = await within(D1_CALL_MS, "D1", readUse(env));
    const percent = Math.round((use.size / use.limit) * 100);
    const shortage = `D1 is short of space: ${percent} % of D1_SIZE_LIMIT is in use, and the oldest records of ended runs are removed`;
    check.outcome = { warning: wasShortOfSpace ? shortage : null };
  } catch (error) {
    check.outcome = error instanceof Error ? error : new Error(String(error));
  }
}
