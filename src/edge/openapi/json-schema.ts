/** Converts zod schemas to JSON schemas. Schemas with a name become components, and the others refer to them. */
import { z } from "zod";
import type { JsonSchema } from "../../platform/json";
import { typesInQuery, type requestNames } from "../../wire/fields";

/** The JSON schemas of what clients send, or those of what they are answered. */
export interface SchemaBook {
  components: Record<string, JsonSchema>;
  /** The JSON schema of a zod schema: a reference when it has a name. */
  of: (schema: z.ZodType) => JsonSchema;
}

/** Schemas by the names that they have in the document. */
type SchemaNames = typeof requestNames;

const refTo = (name: string): string => `#/components/schemas/${name}`;

/**
 * Converts zod schemas.
 * @param io what is described: `input`, what clients may send; or `output`, what they are answered
 * @param names the schemas that become components, by their names
 * @param others schemas that are asked for with `of` and are no components
 */
export function schemaBook(
  io: "input" | "output",
  names: SchemaNames,
  others: Iterable<z.ZodType>,
): SchemaBook {
  const named = new Map([...names._idmap].map(([name, schema]) => [schema as z.ZodType, name]));
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of named) registry.add(schema, { id });
  for (const schema of others) {
    if (!registry.has(schema)) registry.add(schema, { id: `unnamed ${registry._idmap.size}` });
  }

  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: refTo,
    unrepresentable: ({ zodSchema }) => (zodSchema instanceof z.ZodCustom ? whatPasses(zodSchema) : "any"),
    override: ({ zodSchema, jsonSchema }) => {
      const type = typesInQuery.get(zodSchema);
      // `enum` and `pattern` describe the text in the query string, and not the value that it stands for.
      if (type !== undefined) Object.assign(jsonSchema, { enum: undefined, pattern: undefined, ...type });
    },
  });
  const converted = (schema: z.ZodType): JsonSchema => {
    const json: JsonSchema = { ...schemas[registry.get(schema)?.id ?? ""] } as JsonSchema;
    delete json["$schema"];
    delete json["$id"];
    return io === "input" ? withDefaults(schema, tidy(json, io)) : tidy(json, io);
  };
  return {
    components: Object.fromEntries([...named].map(([schema, name]) => [name, converted(schema)])),
    of: (schema) => {
      if (!registry.has(schema)) throw new Error("a schema that was not given to be converted");
      const name = named.get(schema);
      return name === undefined ? converted(schema) : { $ref: refTo(name) };
    },
  };
}

const SAMPLES: [NonNullable<z.core.JSONSchema.JSONSchema["type"]>, unknown][] = [
  ["object", {}],
  ["array", []],
  ["string", "text"],
  ["number", 1],
  ["boolean", true],
  ["null", null],
];

/** The JSON types that a check in code accepts. They are found by trying a value of each type. */
function whatPasses(schema: z.ZodType): z.core.JSONSchema.JSONSchema {
  const passing = SAMPLES.filter(([, value]) => schema.safeParse(value).success);
  return { anyOf: passing.map(([type]) => ({ type })) };
}

/** The same schema without keywords that say nothing to a client. */
function tidy(schema: JsonSchema, io: "input" | "output"): JsonSchema {
  const json = { ...schema };
  if (json.properties !== undefined) {
    json.properties = Object.fromEntries(
      Object.entries(json.properties).map(([key, property]) => [key, tidy(property, io)]),
    );
  }
  if (typeof json.items === "object") json.items = tidy(json.items, io);
  json.prefixItems &&= json.prefixItems.map((item) => tidy(item, io));
  if (json.anyOf !== undefined) {
    const options = json.anyOf.map((option) => tidy(option, io));
    json.anyOf = options.flatMap((option) =>
      option.anyOf !== undefined && Object.keys(option).length === 1 ? option.anyOf : [option],
    );
  }
  if (typeof json.additionalProperties === "object") {
    const rest = tidy(json.additionalProperties, io);
    json.additionalProperties = Object.keys(rest).length === 0 ? true : rest;
  }
  // An answer may have more fields in a later version; a request may not have unknown ones.
  if (io === "output" && json.additionalProperties === false) delete json.additionalProperties;
  // Keys are always strings; a format says what its pattern does; and whole numbers are exact up to these anyway.
  delete json.propertyNames;
  if (json.format !== undefined) delete json.pattern;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  return json;
}

/** Adds to the fields of an object what zod does not say: which are required, and the defaults that a transform fills in. */
function withDefaults(schema: z.ZodType, json: JsonSchema): JsonSchema {
  const object = schema instanceof z.ZodPipe ? schema.in : schema;
  if (!(object instanceof z.ZodObject) || json.properties === undefined) return json;
  const required = new Set(json.required);
  const properties = Object.entries(json.properties).map(([key, property]): [string, JsonSchema] => {
    const field: unknown = object.shape[key];
    if (!(field instanceof z.ZodType)) return [key, property];
    const absent = field.safeParse(undefined);
    if (!absent.success) required.add(key);
    // The default of the zod schema is left out when the schema as a whole does not accept it.
    const described = { ...property };
    delete described.default;
    if (absent.success && absent.data !== undefined) described.default = absent.data;
    return [key, described];
  });
  return {
    ...json,
    properties: Object.fromEntries(properties),
    ...(required.size > 0 ? { required: [...required] } : {}),
  };
}
