/**
 * Routes with their descriptions. The schemas of a description parse the requests, and the OpenAPI document shows the same
 * schemas.
 */
import { Hono } from "hono";
import type { z } from "zod";
import type { AuthEvent } from "../auth/events";
import { check } from "../platform/check";
import { DomainError } from "../platform/errors";
import { nestsDeeperThan } from "../platform/json";
import type { App, EdgeContext } from "./caller";
import { PATH_PARAMETERS, type Method, type Operation } from "./openapi/operation";
import { Permissions } from "./permissions";

type Headers = Readonly<Record<string, z.ZodType>>;

/** The names between braces. */
type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** The events about which a route asks, by the `allow` of its description. */
type Events<Allow extends Operation["allow"]> = Allow extends readonly AuthEvent[] ? Allow[number] : never;

/** What a route is sent, parsed, and what its caller may do. */
interface Sent<
  Path extends string,
  Query extends z.ZodType,
  Named extends Headers,
  Body extends z.ZodType,
  Allow extends Operation["allow"],
> {
  /** What the caller may do. A route asks it about the first event of its `allow` before it answers. */
  access: Permissions<Events<Allow>>;
  /** The parameters in the path, by their names. */
  path: Record<ParameterNames<Path>, string>;
  query: z.output<Query>;
  headers: { [Name in keyof Named]: z.output<Named[Name]> };
  body: z.output<Body>;
}

/** What the OpenAPI document says of a route, and the schemas of what the route is sent. */
type Description<Query, Named, Body, Allow> = Omit<
  Operation,
  "tag" | "method" | "path" | "query" | "headers" | "body" | "allow"
> & { query?: Query; headers?: Named; body?: Body; allow: Allow };

/** The routes of one resource. */
export class DescribedRoutes {
  /** The routes, to be mounted. */
  readonly routes = new Hono<App>();
  /** Their descriptions, one for each. */
  readonly operations: Operation[] = [];

  /** @param tag the heading under which the OpenAPI document shows the routes */
  constructor(private readonly tag: Operation["tag"]) {}

  /**
   * Adds a route. When several routes match a request, the one that was added first answers.
   * @param address method and path, such as `GET /threads/{thread_id}`; {@link PATH_PARAMETERS} has the parameters
   * @param description what the OpenAPI document says of the route. Its schemas parse the request for the handler
   * @param handler answers the request. A request that the schemas refuse does not get here; it is answered with request.invalid
   */
  add<
    Path extends string,
    Query extends z.ZodType = z.ZodUndefined,
    Named extends Headers = Headers,
    Body extends z.ZodType = z.ZodUndefined,
    const Allow extends Operation["allow"] = Operation["allow"],
  >(
    address: `${Uppercase<Method>} ${Path}`,
    description: Description<Query, Named, Body, Allow>,
    handler: (c: EdgeContext, sent: Sent<Path, Query, Named, Body, Allow>) => Response | Promise<Response>,
  ): this {
    const { query, body, allow } = description;
    const headers: Headers = description.headers ?? {};
    const [method, path] = address.split(" ") as [Uppercase<Method>, Path];
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    this.operations.push({
      ...description,
      tag: this.tag,
      method: method.toLowerCase() as Method,
      path,
    });
    this.routes.on(method, path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
      const access = new Permissions<Events<Allow>>(c);
      const sent = {
        access,
        path: Object.fromEntries(names.map((name) => [name, pathParameter(c, name)])),
        body: body === undefined ? undefined : await readBody(c, body),
        query: query === undefined ? undefined : readQuery(c, query),
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, schema]) => [name, check(schema, c.req.header(name), name)]),
        ),
      };
      const response = await handler(c, sent as Sent<Path, Query, Named, Body, Allow>);
      if (Array.isArray(allow)) requireAsked(address, allow[0] as AuthEvent, access);
      return response;
    });
    return this;
  }
}

/** A route that has answered without asking is a bug of the server's, and its answer must not get out. */
function requireAsked(address: string, event: AuthEvent, { asked }: Permissions): void {
  if (!asked.has(event)) throw new Error(`${address} answered without asking about ${event}`);
}

function pathParameter(c: EdgeContext, name: string): string {
  const schema = PATH_PARAMETERS[name];
  if (schema === undefined) throw new Error(`the path parameter ${name} has no schema`);
  return check(schema, c.req.param(name), name);
}

/** SQLite refuses JSON that nests deeper than 1,000 levels. No real input comes near this limit. */
export const MAX_DEPTH = 100;

/**
 * The JSON body, parsed by `schema`; an empty body counts as `{}`.
 * @throws request.invalid naming the field and what was expected.
 */
export async function readBody<S extends z.ZodType>(c: EdgeContext, schema: S): Promise<z.output<S>> {
  const text = await c.req.text();
  let body: unknown;
  try {
    body = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new DomainError("request.invalid", "body: expected JSON");
  }
  if (nestsDeeperThan(body, MAX_DEPTH)) {
    throw new DomainError("request.invalid", `body: nests deeper than ${MAX_DEPTH} levels`);
  }
  return check(schema, body, "body");
}

/**
 * The query string, parsed by `schema`; a key given several times is an array.
 * @throws request.invalid naming the parameter and what was expected.
 */
function readQuery<S extends z.ZodType>(c: EdgeContext, schema: S): z.output<S> {
  const query = Object.entries(c.req.queries()).map(([key, values]) => [
    key,
    values.length > 1 ? values : values[0],
  ]);
  return check(schema, Object.fromEntries(query), "query");
}
