/** Turns the command in a request into a LangGraph `Command`. */
import { Command, Send } from "@langchain/langgraph";
import type { JsonObject } from "../../platform/json";

/** The command with the given `update`, `resume` and `goto`. */
export function toCommand({ update, resume, goto }: JsonObject): Command {
  const targets = goto === undefined || goto === null ? [] : [goto].flat();
  return new Command({
    goto: targets.map((target) => {
      if (typeof target === "string") return target;
      const { node, input } = target as { node: string; input: unknown };
      return new Send(node, input);
    }),
    update: (update ?? undefined) as JsonObject | undefined,
    resume,
  });
}
