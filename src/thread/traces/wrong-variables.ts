/**
 * Variables of LangSmith with values that they cannot have. Its clients throw when they are made with one. LangChain makes a client for
 * each node that has none, also where nothing is traced, and from whatever version of LangSmith the graph brings: each run would fail.
 */
import { logError } from "../../platform/log";
import { TraceClient } from "./trace-client";

/** What the client checks, after LANGSMITH_ or LANGCHAIN_. */
const CHECKED = ["TRACING_SAMPLING_RATE", "TRACING_MODE"] as const;
const PREFIXES = ["LANGSMITH_", "LANGCHAIN_"] as const;

/** The values that were found to be right, or to be absent. */
let known = "";

/** Replaces wrong values by such that nothing is traced, and logs it. To be called before a run. */
export function replaceWrongVariables(): void {
  const values = valuesNow();
  if (values === known) return;
  try {
    new TraceClient();
  } catch (error) {
    logError("no run is traced, because a variable of LangSmith is wrong", error);
    for (const prefix of PREFIXES) Reflect.deleteProperty(process.env, `${prefix}TRACING_MODE`);
    process.env.LANGSMITH_TRACING_SAMPLING_RATE = "0";
  }
  known = valuesNow();
}

const valuesNow = (): string =>
  PREFIXES.flatMap((prefix) => CHECKED.map((name) => process.env[prefix + name] ?? "")).join("\n");
