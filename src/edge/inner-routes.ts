/**
 * The server's own routes, called by the server itself: for the tools of MCP and of graphs, and for A2A. What they do is thereby checked,
 * allowed and answered as the same request of a client. Who calls is known already. The project's own routes and middlewares are left
 * out: they have seen the request of the client.
 */
import { Hono, type ErrorHandler } from "hono";
import type { PlanningPlace, PlanningRun } from "../calls/cron-planning";
import type { App, Caller, EdgeContext } from "./caller";
import type { DescribedRoutes } from "./described-routes";

export interface InnerRequest {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal;
}

/** Calls a route, as one caller. Never throws: what fails is an answer. */
export type CallRoute = (request: InnerRequest) => Promise<Response>;

/** What a route refused, or that it failed: `message` is for people, and `code` for programs. */
export class RouteRefusal extends Error {
  override readonly name = "RouteRefusal";

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly code: string,
  ) {
    super(detail);
  }
}

/** The body of an answer. @throws RouteRefusal when the route refused the request */
export async function bodyOf<T>(response: Response): Promise<T> {
  const body: unknown = await response.json();
  if (response.ok) return body as T;
  const { detail, code } = body as { detail?: unknown; code?: unknown };
  throw new RouteRefusal(response.status, String(detail), String(code));
}

interface Known {
  caller: Caller;
  planningRun: PlanningRun | undefined;
}

/** No route is reached by its host. */
const ORIGIN = "http://edgecron";

/** Headers about the connection and the body of the client's request. Those of the inner request differ. */
const OF_CONNECTION =
  /^(?:accept|connection|host|transfer-encoding|upgrade|last-event-id|mcp-.*|content-.*)$/;

export class InnerRoutes {
  private readonly app = new Hono<App>();
  private readonly known = new WeakMap<Request, Known>();

  constructor(resources: readonly DescribedRoutes[], answerError: ErrorHandler<App>) {
    this.app.use(async (c, next) => {
      const known = this.known.get(c.req.raw);
      if (known === undefined) throw new Error("nobody is known to call");
      c.set("caller", known.caller);
      c.set("planningRun", known.planningRun);
      await next();
    });
    for (const { routes } of resources) this.app.route("/", routes);
    this.app.onError(answerError);
  }

  /** As whoever made a request of a client. Graphs see its headers. */
  asCallerOf(c: EdgeContext): CallRoute {
    const headers = [...c.req.raw.headers].filter(([name]) => !OF_CONNECTION.test(name));
    const place = { env: c.env, context: c.executionCtx };
    const known = { caller: c.var.caller, planningRun: undefined };
    return (request) => this.call(request, known, place, headers, c.req.raw.cf);
  }

  /** As a run that plans crons. */
  asRun(caller: Caller, planningRun: PlanningRun, place: PlanningPlace): CallRoute {
    return (request) => this.call(request, { caller, planningRun }, place, [], undefined);
  }

  private async call(
    { method, path, body, signal }: InnerRequest,
    known: Known,
    { env, context }: PlanningPlace,
    headers: [string, string][],
    cf: CfProperties | undefined,
  ): Promise<Response> {
    const request = new Request(`${ORIGIN}${path}`, {
      method,
      headers: [...headers, ["content-type", "application/json"]],
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      ...(cf === undefined ? {} : { cf }),
    });
    this.known.set(request, known);
    return this.app.fetch(request, env, context as ExecutionContext);
  }
}
