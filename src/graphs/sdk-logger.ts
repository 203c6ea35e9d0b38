/**
 * What `getLogger()` of `@langchain/langgraph-sdk/logging` gives to graphs: a logger whose lines go where the server's go, one
 * JSON object each, with the ids of the run in whose execution they were written.
 */
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

type Level = "error" | "warn" | "info" | "debug";

/** The levels of the SDK's logger, by how the platform's log has them. */
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

/** By this name the SDK looks for the logger of the server that it is in. */
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

// Before any graph is loaded, since a graph may ask for it then.
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
    ...runIds(),
  } as Record<string, unknown>;
  try {
    return JSON.stringify(entry);
  } catch {
    // It holds itself, or a number that JSON has no form for.
    return JSON.stringify({ level, message: entry.message, ...runIds() });
  }
}

/** The ids of the run that is being executed, as LangGraph's config has them; none while a graph is loaded. */
function runIds(): Record<string, unknown> {
  const config = AsyncLocalStorageProviderSingleton.getRunnableConfig() as
    { configurable?: Record<string, unknown>; metadata?: Record<string, unknown> } | undefined;
  const { run_id, thread_id, graph_id } = config?.configurable ?? {};
  const { cron_id, langgraph_node } = config?.metadata ?? {};
  return Object.fromEntries(
    Object.entries({ run_id, thread_id, graph_id, cron_id, node: langgraph_node }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
