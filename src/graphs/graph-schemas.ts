/**
 * The JSON schemas of a graph's state, input, output and configuration. What is defined in zod, or as a
 * StateSchema, LangGraph tells at run time; of an `Annotation.Root` only the TypeScript types know, and those were
 * read when the server was built. Where neither tells, the schema stays open: none refuses what the graph takes.
 */
import { schemaMetaRegistry } from "@langchain/langgraph/zod";
import {
  getConfigTypeSchema,
  getInputTypeSchema,
  getOutputTypeSchema,
  getUpdateTypeSchema,
} from "@langchain/langgraph/zod/schema";
import { z } from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface GraphSchemas {
  /** What may be written to the state. */
  readonly state: JsonSchema;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** What an assistant or a run may configure; undefined when the graph declares nothing. */
  readonly config: JsonSchema | undefined;
}

/** What was read from types; a part is missing when they left it open. */
export type ExtractedSchemas = Partial<GraphSchemas>;

/** What LangGraph keeps of a StateGraph's definition; a part in zod is in both, one in annotations in the first. */
interface Builder {
  readonly _schemaDefinition?: object;
  readonly _schemaRuntimeDefinition?: object;
  readonly _inputDefinition?: object;
  /** A symbol when the input has no schema of its own, or one in annotations. */
  readonly _inputRuntimeDefinition?: object | symbol;
  readonly _outputDefinition?: object;
  readonly _outputRuntimeDefinition?: object;
  readonly _configRuntimeSchema?: object;
}

/** The schemas of a compiled graph, and what was read from its types. */
export function schemasOf(graph: unknown, extracted: ExtractedSchemas = {}): GraphSchemas {
  const builder = builderOf(graph);
  const state = builder._schemaRuntimeDefinition;
  const ownInput = builder._inputDefinition !== builder._schemaDefinition;
  const ownOutput = builder._outputDefinition !== builder._schemaDefinition;
  const input = isObject(builder._inputRuntimeDefinition)
    ? builder._inputRuntimeDefinition
    : ownInput
      ? undefined
      : state;
  // An output in annotations is given the state's definition by LangGraph, which it is not.
  const output =
    ownOutput && builder._outputRuntimeDefinition === state ? undefined : builder._outputRuntimeDefinition;
  return {
    state:
      fromDefinition(state, "input", () => getUpdateTypeSchema(graph)) ??
      fromTypes(extracted.state, builder._schemaDefinition),
    input:
      fromDefinition(input, "input", () => getInputTypeSchema(graph)) ??
      fromTypes(extracted.input, builder._inputDefinition),
    output:
      fromDefinition(output, "output", () => getOutputTypeSchema(graph)) ??
      fromTypes(extracted.output, builder._outputDefinition),
    config:
      fromDefinition(builder._configRuntimeSchema, "input", () => getConfigTypeSchema(graph)) ??
      extracted.config,
  };
}

/** The schema that LangGraph makes of a definition; undefined without one. */
function fromDefinition(
  definition: object | undefined,
  io: "input" | "output",
  read: () => unknown,
): JsonSchema | undefined {
  if (definition === undefined) return undefined;
  return attempt(read) ?? openSchema(definition, io);
}

/**
 * LangGraph gives up on a whole schema for one field that JSON schema has no word for, as a date or `z.custom`:
 * here such a field is left open.
 */
function openSchema(definition: object, io: "input" | "output"): JsonSchema {
  if (!(definition instanceof z.core.$ZodObject)) return {};
  const fields = Object.entries(definition._zod.def.shape).map(([key, field]) => {
    const meta = schemaMetaRegistry.get(field);
    const sent = io === "input" ? meta?.reducer?.schema : undefined;
    return [key, { ...openField(sent ?? field, io), ...meta?.jsonSchemaExtra }];
  });
  return { type: "object", properties: Object.fromEntries(fields) as unknown };
}

function openField(field: object, io: "input" | "output"): JsonSchema {
  if (!(field instanceof z.core.$ZodType)) return {};
  const schema: Record<string, unknown> = {
    ...attempt(() => z.toJSONSchema(field, { unrepresentable: "any", io })),
  };
  delete schema["$schema"];
  // References lead from the root of the schema, which is another here.
  return JSON.stringify(schema).includes('"$ref"') ? {} : schema;
}

/** What the types told, unless the graph that is there has other keys; else its keys, of any type. */
function fromTypes(extracted: JsonSchema | undefined, definition: object | undefined): JsonSchema {
  const keys = Object.keys(definition ?? {});
  if (extracted !== undefined && (definition === undefined || haveKeys(extracted, keys))) return extracted;
  if (keys.length === 0 || keys.includes("__root__")) return {};
  return { type: "object", properties: Object.fromEntries(keys.map((key) => [key, {}])) };
}

function haveKeys({ properties }: JsonSchema, keys: string[]): boolean {
  return !isObject(properties) || Object.keys(properties).every((key) => keys.includes(key));
}

function attempt(read: () => unknown): JsonSchema | undefined {
  try {
    const schema = read();
    return isObject(schema) ? { ...schema } : undefined;
  } catch {
    return undefined;
  }
}

function builderOf(graph: unknown): Builder {
  return isObject(graph) && "builder" in graph && isObject(graph.builder) ? graph.builder : {};
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
