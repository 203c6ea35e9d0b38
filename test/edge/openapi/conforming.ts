/** Calls the server, and holds the answer against what the document says of the operation. */
import { z } from "zod";
import { makeDocument, type OperationObject } from "../../../src/edge/openapi/document";
import type { Operation } from "../../../src/edge/openapi/operation";
import { operations } from "../../../src/edge/app";
import type { JsonSchema } from "../../../src/platform/json";
import { failure } from "../../../src/wire/system";
import { call, edgeFetch, type Answer } from "../../support/edge";

const document = makeDocument(operations);

/** The ids of the operations that have been called with success. */
export const succeeded = new Set<string>();

/**
 * Calls an operation. Request and answer have to be as documented: by the operation's zod schemas, which take no field
 * that they do not know, and by the JSON schemas of the document.
 */
export async function ask<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const operation = operationOf(method, path);
  const answer = await call<T>(method, path, body);
  if (answer.status >= 400) throw new Error(`${operation.id}: ${JSON.stringify(answer.body)}`);
  const requestSchema = describedOf(operation).requestBody?.content["application/json"]?.schema;
  if (body !== undefined) checkAgainst(requestSchema, body, `${operation.id}: request`);
  conform(operation, answer.status, answer.body);
  for (const header of operation.answers.flatMap(({ headers }) => headers)) {
    // The last page has no next one.
    if (header !== "X-Pagination-Next" && !answer.headers.has(header)) {
      throw new Error(`${operation.id}: no header ${header}`);
    }
  }
  succeeded.add(operation.id);
  return answer;
}

/** Calls an operation that has to refuse, with a failure that is documented. @returns its status */
export async function refusal(method: string, path: string, body?: unknown): Promise<number> {
  const operation = operationOf(method, path);
  const answer = await call<unknown>(method, path, body);
  failure.parse(answer.body);
  if (!(answer.status in describedOf(operation).responses)) {
    throw new Error(`${operation.id}: ${answer.status} is not documented`);
  }
  return answer.status;
}

/** Calls an operation that answers with text of another type than JSON. */
export async function askForText(method: string, path: string, body?: unknown): Promise<string> {
  const operation = operationOf(method, path);
  const response = await edgeFetch(`http://edge${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const [answer] = operation.answers;
  const type = response.headers.get("content-type")?.split(";")[0];
  if (response.status !== answer?.status || type !== answer.mediaType) {
    throw new Error(`${operation.id}: answered ${response.status}, ${type ?? "no type"}`);
  }
  succeeded.add(operation.id);
  return response.text();
}

function conform(operation: Operation, status: number, body: unknown): void {
  const answer = operation.answers.find((one) => one.status === status);
  if (answer === undefined) throw new Error(`${operation.id}: ${status} is not documented`);
  if (answer.schema === undefined) {
    if (body !== null) throw new Error(`${operation.id}: a body where none is documented`);
    return;
  }
  answer.schema.parse(body);
  const described = describedOf(operation).responses[status];
  const content = described !== undefined && "content" in described ? described.content : undefined;
  checkAgainst(content?.["application/json"]?.schema, body, `${operation.id}: ${status}`);
}

/** Parses by a JSON schema of the document. */
function checkAgainst(schema: JsonSchema | undefined, value: unknown, what: string): void {
  if (schema === undefined) throw new Error(`${what}: has no schema`);
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const self = JSON.parse(
    whole.replaceAll("#/components/schemas/", "#/$defs/"),
  ) as z.core.JSONSchema.JSONSchema;
  const { success, error } = z.fromJSONSchema(self).safeParse(value);
  if (!success) throw new Error(`${what}: ${z.prettifyError(error)}`);
}

/** The operation of a request: of several that match, the one with the fewest parameters. */
function operationOf(method: string, path: string): Operation {
  const [plain = ""] = path.split("?");
  const matching = operations
    .filter((operation) => operation.method === method.toLowerCase() && patternOf(operation).test(plain))
    .sort((one, other) => parametersIn(one) - parametersIn(other));
  const [operation] = matching;
  if (operation === undefined) throw new Error(`no operation ${method} ${path}`);
  return operation;
}

function describedOf({ path, method, id }: Operation): OperationObject {
  const described = document.paths[path]?.[method];
  if (described === undefined) throw new Error(`${id} is not in the document`);
  return described;
}

const patternOf = ({ path }: Operation): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
const parametersIn = ({ path }: Operation): number => path.split("{").length;
