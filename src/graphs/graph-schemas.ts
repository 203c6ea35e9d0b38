/**
 * The JSON schemas of a graph's state, input, output and configuration. When they are defined in zod or as a StateSchema,
 * LangGraph gives their schemas at run time. When they are defined by `Annotation.Root`, only the TypeScript types say what they
 * hold, and the build of the server read these. When neither says anything, the schema allows everything, so that no schema
 * refuses what the graph takes.
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

/** The schemas that the build read from TypeScript types. A schema is missing when the types allow everything. */
export type ExtractedSchemas = Partial<GraphSchemas>;

/**
 * The members of a StateGraph that hold its definition. What is defined in zod is in the `…Definition` and in the
 * `…RuntimeDefinition` of the same name; what is defined by annotations is in the first only.
 */
interface Builder {
  readonly _schemaDefinition?: object;
  readonly _schemaRuntimeDefinition?: object;
  readonly _inputDefinition?: object;
  /** A symbol when the input has no definition of its own, or one by annotations. */
  readonly _inputRuntimeDefinition?: object | symbol;
  readonly _outputDefinition?: object;
  readonly _outputRuntimeDefinition?: object;
  readonly _configRuntimeSchema?: object;
}

/**
 * The schemas of a compiled graph.
 * @param extracted the schemas that the build read from the types of the graph
 */
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
  // For an output that is defined by annotations, LangGraph gives the state's definition, which is the wrong one.
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

/** The schema that LangGraph makes of a definition; undefined when there is no definition. */
function fromDefinition(
  definition: object | undefined,
  io: "input" | "output",
  read: () => unknown,
): JsonSchema | undefined {
  if (definition === undefined) return undefined;
  return attempt(read) ?? openSchema(definition, io);
}

/**
 * The schema of a definition that has a field which JSON schema cannot express, such as a date or `z.custom`. LangGraph makes no
 * schema at all of such a definition. Here only that field allows everything.
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
  // A reference starts at the root of the schema. The root is another one here, so the reference would lead nowhere.
  return JSON.stringify(schema).includes('"$ref"') ? {} : schema;
}

/**
 * The schema that the build read from the types. When there is none, or when it has a key that the definition lacks, a schema of
 * the definition's keys, each of any type.
 */
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
