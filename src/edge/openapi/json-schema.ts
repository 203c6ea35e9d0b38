/** JSON schemas of the zod schemas: those with a name become components, to which the others refer. */
import { z } from "zod";
import type { JsonSchema } from "../../platform/json";
import { notes, type Note } from "../../wire/field-notes";
import { queryBoolean } from "../../wire/fields";

/** The schemas of one direction. */
export interface SchemaBook {
  components: Record<string, JsonSchema>;
  /** The JSON schema of a zod schema: a reference when it has a name. */
  of: (schema: z.ZodType) => JsonSchema;
}

const refTo = (name: string): string => `#/components/schemas/${name}`;

/**
 * Converts zod schemas.
 * @param io what is described: `input`, what clients may send; or `output`, what they are answered
 * @param named the components, by their names
 * @param others what else is converted, to be asked for with `of`; the notes know it by its name
 */
export function schemaBook(
  io: "input" | "output",
  named: Readonly<Record<string, z.ZodType>>,
  others: Readonly<Record<string, z.ZodType>>,
): SchemaBook {
  const registry = z.registry<{ id: string }>();
  for (const [name, schema] of [...Object.entries(named), ...Object.entries(others)]) {
    if (!registry.has(schema)) registry.add(schema, { id: name });
  }

  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: refTo,
    unrepresentable: ({ zodSchema }) => (zodSchema instanceof z.ZodCustom ? whatPasses(zodSchema) : "any"),
    override: ({ zodSchema, jsonSchema }) => {
      // Query strings say it in several spellings, of which clients need to know one.
      if (zodSchema !== queryBoolean) return;
      jsonSchema.type = "boolean";
      delete jsonSchema.enum;
    },
  });
  const converted = (name: string, schema: z.ZodType): JsonSchema => {
    const json: JsonSchema = { ...schemas[name] } as JsonSchema;
    delete json["$schema"];
    delete json["$id"];
    return annotated(name, schema, tidy(json, io), io);
  };
  return {
    components: Object.fromEntries(
      Object.entries(named).map(([name, schema]) => [name, converted(name, schema)]),
    ),
    of: (schema) => {
      const id = registry.get(schema)?.id;
      if (id === undefined) throw new Error("a schema that was not given to be converted");
      return id in named ? { $ref: refTo(id) } : converted(id, schema);
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

/** What a check in code lets pass, as far as types go: it is asked. */
function whatPasses(schema: z.ZodType): z.core.JSONSchema.JSONSchema {
  const passing = SAMPLES.filter(([, value]) => schema.safeParse(value).success);
  return { anyOf: passing.map(([type]) => ({ type })) };
}

/** The same schema without what only lengthens it. */
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

/** Adds to the fields of an object what zod does not tell: defaults that a transform fills in, and the notes. */
function annotated(name: string, schema: z.ZodType, json: JsonSchema, io: "input" | "output"): JsonSchema {
  const object = schema instanceof z.ZodPipe ? schema.in : schema;
  if (!(object instanceof z.ZodObject) || json.properties === undefined) return json;
  const required = new Set(json.required);
  const properties = Object.entries(json.properties).map(([key, property]): [string, JsonSchema] => {
    const shared = io === "input" ? notes[key] : undefined;
    const { schema: replacement, ...note }: Note = notes[`${name}.${key}`] ?? shared ?? {};
    const field: unknown = object.shape[key];
    if (io === "output" || !(field instanceof z.ZodType)) return [key, { ...property, ...note }];
    const noted: JsonSchema = { ...(replacement ?? property), ...note };
    const absent = field.safeParse(undefined);
    if (!absent.success) required.add(key);
    // Told anew, for a default that does not pass what comes after it is none.
    delete noted.default;
    if (absent.success && absent.data !== undefined) noted.default = absent.data;
    return [key, noted];
  });
  return {
    ...json,
    properties: Object.fromEntries(properties),
    ...(required.size > 0 ? { required: [...required] } : {}),
  };
}
