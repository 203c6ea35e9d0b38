/** Makes the OpenAPI 3.1 document of the server from the descriptions of its routes. */
import type { z } from "zod";
import { version } from "../../../package.json";
import { type JsonSchema } from "../../platform/json";
import { answerNames, requestNames } from "../../wire/fields";
import { schemaBook, type SchemaBook } from "./json-schema";
import { HEADERS, PATH_PARAMETERS, TAGS, type Answer, type Operation } from "./operation";

type Ref = { $ref: string };

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

interface Content {
  [mediaType: string]: { schema: JsonSchema };
}

export interface ResponseObject {
  description: string;
  headers?: Record<string, Ref>;
  content?: Content;
}

export interface OperationObject {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, ResponseObject | Ref>;
  security?: [];
}

/** The parts of OpenAPI 3.1 that the document has. */
export interface OpenApiDocument {
  openapi: "3.1.0";
  info: {
    title: string;
    version: string;
    description: string;
    license: { name: string; identifier: string };
  };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  security: Record<string, string[]>[];
  paths: Record<string, Partial<Record<Operation["method"], OperationObject>>>;
  components: {
    schemas: Record<string, JsonSchema>;
    responses: Record<string, ResponseObject>;
    headers: Record<string, { description: string; schema: JsonSchema }>;
    securitySchemes: Record<string, Record<string, string>>;
  };
}

const DESCRIPTION =
  "Runs LangGraph assistants on a schedule, and speaks the HTTP API of the LangGraph Agent Server. Where null is " +
  "allowed for a field of a request, it mostly counts as absent; unknown fields are refused.";

/** The failures, by status: the name of the response, and when it is answered. */
const FAILURES = {
  401: [
    "Unauthorized",
    "The key, or what the server's `Auth` asks for, is missing or wrong. A server with open access never answers this.",
  ],
  403: [
    "Forbidden",
    "Not allowed to this caller, or a page of another site called a server with open access.",
  ],
  404: ["NotFound", "There is no such thing, or none of those that the request names."],
  409: ["Conflict", "There is one already, or it is in a state that does not allow this."],
  413: ["TooLarge", "The body is too large, or what would have to be stored or sent is."],
  422: ["Invalid", "The request is malformed; `detail` names the field."],
  default: ["Failed", "The server failed."],
} as const;

/** Makes the document. That takes some milliseconds, so callers keep the result. */
export function makeDocument(operations: readonly Operation[]): OpenApiDocument {
  const input = schemaBook("input", requestNames, operations.flatMap(requestSchemas));
  const output = schemaBook("output", answerNames, operations.flatMap(answerSchemas));
  const paths: OpenApiDocument["paths"] = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation, input, output);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "EdgeCron",
      version,
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ ApiKey: [] }],
    paths,
    components: {
      schemas: { ...input.components, ...output.components },
      responses: Object.fromEntries(
        Object.values(FAILURES).map(([name, description]) => [
          name,
          { description, content: { "application/json": { schema: refTo("schemas", "Failure") } } },
        ]),
      ),
      headers: Object.fromEntries(
        Object.entries(HEADERS).map(([name, description]) => [
          name,
          { description, schema: { type: name.startsWith("X-Pagination") ? "integer" : "string" } },
        ]),
      ),
      securitySchemes: {
        ApiKey: {
          type: "apiKey",
          in: "header",
          name: "x-api-key",
          description: "A key of the deployment; not needed where access is open.",
        },
      },
    },
  };
}

const refTo = (kind: keyof OpenApiDocument["components"], name: string): Ref => ({
  $ref: `#/components/${kind}/${name}`,
});

/** The schemas that parse what an operation is sent. */
const requestSchemas = ({ path, query, headers = {}, body }: Operation): z.ZodType[] =>
  [
    ...namesOfParameters(path).map((name) => PATH_PARAMETERS[name]),
    query,
    ...Object.values(headers),
    body,
  ].filter((schema) => schema !== undefined);

const answerSchemas = ({ answers }: Operation): z.ZodType[] =>
  answers.flatMap(({ schema }) => (schema === undefined ? [] : [schema]));

const namesOfParameters = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);

function describe(operation: Operation, input: SchemaBook, output: SchemaBook): OperationObject {
  const { body, description } = operation;
  const responses: OperationObject["responses"] = Object.fromEntries(
    operation.answers.map((answer) => [answer.status, describeAnswer(answer, output)]),
  );
  const parameters = [...pathParameters(operation, input), ...otherParameters(operation, input)];
  for (const status of failuresOf(operation, parameters)) {
    responses[status] = refTo("responses", FAILURES[status][0]);
  }
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(description === undefined ? {} : { description }),
    parameters,
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            // A request without a body counts as one with the body {}.
            required: !body.safeParse({}).success,
            content: { "application/json": { schema: input.of(body) } },
          },
        }),
    responses,
    ...(operation.allow === "everyone" ? { security: [] } : {}),
  };
}

function pathParameters({ path }: Operation, input: SchemaBook): Parameter[] {
  return namesOfParameters(path).map((name) => {
    const schema = PATH_PARAMETERS[name];
    if (schema === undefined) throw new Error(`${path}: ${name} is no known parameter`);
    return { name, in: "path", required: true, schema: input.of(schema) };
  });
}

function otherParameters({ query, headers = {} }: Operation, input: SchemaBook): Parameter[] {
  const { properties = {}, required = [] } = query === undefined ? {} : input.of(query);
  const inQuery = Object.entries(properties).map(([name, schema]) =>
    parameter(name, "query", required.includes(name), schema),
  );
  const inHeaders = Object.entries(headers).map(([name, schema]) =>
    parameter(name, "header", false, input.of(schema)),
  );
  return [...inQuery, ...inHeaders];
}

const parameter = (
  name: string,
  place: Parameter["in"],
  required: boolean,
  { description, ...schema }: JsonSchema,
): Parameter => ({
  name,
  in: place,
  required,
  ...(description === undefined ? {} : { description }),
  schema,
});

function describeAnswer(
  { description, schema, mediaType, headers }: Answer,
  output: SchemaBook,
): ResponseObject {
  return {
    description,
    ...(headers.length === 0
      ? {}
      : { headers: Object.fromEntries(headers.map((name) => [name, refTo("headers", name)])) }),
    ...(schema === undefined ? {} : { content: { [mediaType]: { schema: output.of(schema) } } }),
  };
}

/**
 * The failures of an operation: those of its description, and those of every operation that needs a key, or takes a body or
 * parameters.
 */
function failuresOf(
  { allow, body, failures = [] }: Operation,
  parameters: readonly Parameter[],
): readonly (keyof typeof FAILURES)[] {
  const possible = new Set<keyof typeof FAILURES>(failures);
  if (allow !== "everyone") possible.add(401).add(403);
  if (body !== undefined) possible.add(413);
  if (body !== undefined || parameters.length > 0) possible.add(422);
  return [...possible, "default"];
}
