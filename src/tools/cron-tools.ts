/** `edgecron/tools`: the tools for crons as tools of LangChain. The project's bundle has this file with its own copy of LangChain. */
import { tool } from "@langchain/core/tools";
import type { JsonSchema } from "./arguments";
import { CRON_TOOLS, type ToolDefinition } from "./definitions";
import type { cronTools as Declared } from "./index";
import { answererOf } from "./running";

const NO_SERVER =
  "can be called only in a run of an EdgeCron server (`edgecron dev` starts one), and with the config that the node was given: " +
  "`tool.invoke(input, config)`. In a unit test, put a tool of the same name in its place.";

/** In a graph, a cron is by default for the assistant and on the thread of the run. */
const IN_A_GRAPH: Readonly<Record<string, JsonSchema>> = {
  assistant_id: {
    type: "string",
    description: "Which assistant runs: its id, or the id of a graph. Without it, you yourself.",
  },
  thread_id: {
    type: ["string", "null"],
    description:
      "The id of a thread (a conversation) on which every run goes on. Without it, this conversation, if it stays after this run. Null: " +
      "each run has a thread of its own and knows nothing of this one.",
  },
};

/** The tools, for a graph to bind to its model and to execute. */
export const cronTools: typeof Declared = <Tool>() =>
  CRON_TOOLS.map((definition) => {
    const { name, description, inputSchema }: ToolDefinition = definition;
    const schema = name === "create_cron" ? withDefaults(inputSchema) : inputSchema;
    return tool(async (args: Record<string, unknown>, config?: ToolConfig) => call(name, args, config), {
      name,
      description,
      schema,
      // Without it, the model is not told which argument does not fit the schema.
      verboseParsingErrors: true,
    });
  }) as unknown as Tool[];

/** The server chooses the id of a cron, so that a node which is executed again makes no second one. */
const withDefaults = ({
  properties,
  ...schema
}: ToolDefinition["inputSchema"]): ToolDefinition["inputSchema"] => {
  const isChosen = (name: string): boolean => name !== "cron_id" && name !== "if_exists";
  const others = Object.fromEntries(Object.entries(properties).filter(([name]) => isChosen(name)));
  return { ...schema, properties: { ...others, ...IN_A_GRAPH }, required: ["schedule"] };
};

/** What LangChain tells a tool of the run and of the model's call. */
interface ToolConfig {
  configurable?: { run_id?: unknown };
  toolCall?: { id?: string };
}

/** @throws Error with what the server refused, which the node of the tools makes a message of for the model */
async function call(name: string, args: Record<string, unknown>, config?: ToolConfig): Promise<string> {
  const runId = config?.configurable?.run_id;
  const answer = answererOf(runId);
  if (answer === undefined) throw new Error(`${name} ${NO_SERVER}`);
  const { text, failed } = await answer({ name, args, callId: config?.toolCall?.id });
  if (failed) throw new Error(text);
  return text;
}
