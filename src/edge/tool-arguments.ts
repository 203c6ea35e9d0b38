/** The arguments of a tool for crons, as a client of MCP has sent them. */
import { DomainError } from "../platform/errors";
import type { JsonObject } from "../platform/json";
import type { JsonSchema } from "../tools/arguments";
import type { ToolDefinition } from "../tools/definitions";

/** The arguments in the types of the tool's schema. Some clients send all of them as texts, such as the command line of MCP's Inspector. */
export function typedArguments({ inputSchema }: ToolDefinition, args: JsonObject): JsonObject {
  const properties = new Map(Object.entries(inputSchema.properties));
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, typed(value, properties.get(name))]),
  );
}

/**
 * Refuses null for a field that cannot be cleared. The API takes it for a field that was not sent, and a model would be told that it is changed.
 * @throws request.invalid
 */
export function requireClearable({ inputSchema }: ToolDefinition, args: JsonObject): void {
  for (const [name, schema] of Object.entries(inputSchema.properties)) {
    const type = [schema.type].flat();
    if (args[name] === null && !type.includes("null"))
      throw new DomainError(
        "request.invalid",
        `${name}: expected ${type.join(" or ")}, not null: it cannot be cleared`,
      );
  }
}

/** The value that a text stands for. What is no such value stays a text, and is refused as one. */
function typed(value: unknown, schema: JsonSchema | undefined): unknown {
  if (typeof value !== "string" || schema === undefined || [schema.type].flat().includes("string"))
    return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
