/**
 * The logger that graphs get from `getLogger()` of `@langchain/langgraph-sdk/logging`. It writes to the server's log, one JSON
 * object a line, and adds the ids of the run that is being executed.
 */
import { executingRun } from "./executing-run";

type Level = "error" | "warn" | "info" | "debug";

/** For each level of the SDK's logger, the level of the platform's log. */
const LEVELS: Readonly<Record<string, Level>> = {
  error: "error",
  warn: "warn",
  help: "info",
  data: "info",
  info: "info",
  debug: "debug",
  prompt: "info",
  http: "info",
  verbose: "debug",
  input: "debug",
  silly: "debug",
};

/** The SDK looks for the server's logger under this name. */
const GLOBAL_LOGGER = Symbol.for("langgraph.api.sdk-logger");

type Logger = Record<string, (message: unknown, ...more: unknown[]) => Logger>;

const logger: Logger = Object.fromEntries(
  Object.entries(LEVELS).map(([name, level]) => [
    name,
    (message: unknown, ...more: unknown[]): Logger => {
      // The platform's log has these four levels.
      console[level](line(name, message, more));
      return logger;
    },
  ]),
);

// This happens before any graph is loaded, because a graph may ask for the logger while it is loaded.
Object.assign(globalThis, { [GLOBAL_LOGGER]: logger });

function line(level: string, message: unknown, more: unknown[]): string {
  const fields = [message, ...more].filter((part) => typeof part === "object" && part !== null);
  const texts = [message, ...more].filter((part) => typeof part !== "object" || part === null);
  const errors = fields.filter((field) => field instanceof Error);
  const entry = {
    level,
    message: texts.map(String).join(" "),
    ...Object.assign({}, ...fields.filter((field) => !(field instanceof Error))),
    ...(errors.length === 0 ? {} : { error: errors.map(({ message: text }) => text).join("; ") }),
    ...executingRun(),
  } as Record<string, unknown>;
  try {
    return JSON.stringify(entry);
  } catch {
    // The fields contain themselves, or a bigint. JSON cannot express either.
    return JSON.stringify({ level, message: entry.message, ...executingRun() });
  }
}
