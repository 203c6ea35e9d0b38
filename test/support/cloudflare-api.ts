/**
 * A stand-in for the part of Cloudflare's API that wrangler calls for `edgecron deploy` and `edgecron destroy`. It keeps accounts,
 * Workers and D1 databases in memory, and applies the SQL of migrations to a real SQLite. wrangler is sent here by
 * CLOUDFLARE_API_BASE_URL.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { arrayBuffer } from "node:stream/consumers";

export interface Worker {
  /** What the last upload named, beside the code. */
  metadata: {
    bindings: Binding[];
    migrations?: { new_tag: string };
    compatibility_date: string;
    /** The static files, which were uploaded before under this token. */
    assets?: { jwt: string; config: Record<string, unknown> };
  };
  secrets: Map<string, string>;
  migrationTag: string | undefined;
  /** The text of each module of the last upload, by its name. */
  modules: Map<string, string>;
  uploads: number;
  /** How often it was asked whether it is up. */
  asked: number;
  schedules: string[];
}

interface Binding {
  name: string;
  type: string;
  text?: string;
  id?: string;
}

interface Failure {
  status: number;
  code: number;
  message: string;
}

/** A call of the API, as `GET /accounts/a/workers/subdomain`. */
type Call = string;

export class CloudflareApi {
  accounts = [{ id: "a1", name: "Ada's account" }];
  /** The part of workers.dev that the account has; null when none is registered yet. */
  subdomain: string | null = "ada";
  readonly tokens = new Set(["token-of-ada"]);
  readonly workers = new Map<string, Worker>();
  readonly databases = new Map<string, { name: string; sqlite: DatabaseSync }>();
  /** The static files that were announced, by the names of their Workers: their paths. The account has all of them already. */
  readonly assets = new Map<string, string[]>();
  /** Calls that match are answered with the failure. */
  failures: { call: RegExp; failure: Failure }[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  static async start(): Promise<CloudflareApi> {
    const api = new CloudflareApi();
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await arrayBuffer(request);
    const { pathname } = new URL(request.url ?? "/", this.url);
    const call = `${request.method ?? ""} ${pathname}`;
    const [, deployed, route] = /^\/deployed\/([^/]+)(\/.*)$/.exec(pathname) ?? [];
    if (deployed !== undefined && route !== undefined) {
      respond(response, ...this.#answerOfWorker(deployed, route, request.headers["x-api-key"]));
      return;
    }
    const failed = this.failures.find(({ call: pattern }) => pattern.test(call))?.failure;
    try {
      if (failed !== undefined) throw new ApiError(failed);
      if (!this.tokens.has((request.headers.authorization ?? "").replace("Bearer ", ""))) {
        throw new ApiError({ status: 401, code: 1000, message: "Invalid API Token" });
      }
      const result = await this.#result(call, body, request.headers["content-type"] ?? "");
      respond(response, 200, {
        success: true,
        errors: [],
        messages: [],
        result,
        result_info: { page: 1, per_page: 50, count: 1, total_count: 1, total_pages: 1 },
      });
    } catch (error) {
      const { status, code, message } =
        error instanceof ApiError ? error.failure : { status: 500, code: 7500, message: String(error) };
      respond(response, status, {
        success: false,
        errors: [{ code, message }],
        messages: [],
        result: null,
      });
    }
  }

  /** Where the Worker of this name answers. */
  addressOf(worker: string): string {
    return `${this.url}/deployed/${worker}`;
  }

  /** A server without crons. */
  #answerOfWorker(name: string, route: string, key: unknown): [status: number, body: unknown] {
    const worker = this.workers.get(name);
    if (worker === undefined) return [404, "There is nothing here yet"];
    if (route !== "/ok") {
      if (key === worker.secrets.get("API_KEYS")) return [200, []];
      return [
        401,
        { detail: "x-api-key: missing, or not a key of this deployment", code: "request.unauthorized" },
      ];
    }
    // A new address is not known at once.
    return worker.asked++ === 0 ? [404, "error code: 1042"] : [200, { ok: true }];
  }

  async #result(call: Call, body: ArrayBuffer, contentType: string): Promise<unknown> {
    const [method = "", path = ""] = call.split(" ");
    switch (path) {
      case "/user/tokens/verify":
        return { id: "t", status: "active" };
      case "/user":
        return { email: "ada@example.com" };
      case "/accounts":
        return this.accounts;
      case "/memberships":
        return this.accounts.map((account) => ({ id: `m-${account.id}`, account }));
    }
    const [, account, rest = ""] = /^\/accounts\/([^/]+)\/(.*)$/.exec(path) ?? [];
    if (!this.accounts.some(({ id }) => id === account)) throw unknownCall(call);
    if (rest === "storage/kv/namespaces") return [];
    if (rest.startsWith("d1/database")) return this.#d1(method, rest, body);
    if (rest === "workers/subdomain") {
      if (this.subdomain !== null) return { subdomain: this.subdomain };
      throw new ApiError({ status: 404, code: 10007, message: "There is no workers.dev subdomain" });
    }
    return this.#workers(call, method, rest, body, contentType);
  }

  #d1(method: string, rest: string, body: ArrayBuffer): unknown {
    const [, , id, action] = rest.split("/");
    const row = (uuid: string, name: string) => ({ uuid, name, version: "production" });
    if (id === undefined) {
      if (method === "GET") return [...this.databases].map(([uuid, { name }]) => row(uuid, name));
      const { name } = JSON.parse(textOf(body)) as { name: string };
      if ([...this.databases.values()].some((database) => database.name === name)) {
        throw new ApiError({ status: 400, code: 7502, message: "A database with that name already exists" });
      }
      const uuid = randomUUID();
      this.databases.set(uuid, { name, sqlite: new DatabaseSync(":memory:") });
      return row(uuid, name);
    }
    const database = this.databases.get(id);
    if (database === undefined)
      throw new ApiError({ status: 404, code: 7404, message: `The database ${id} could not be found` });
    if (method === "DELETE") {
      this.databases.delete(id);
      return {};
    }
    if (action !== "query") return row(id, database.name);
    const { sql } = JSON.parse(textOf(body)) as { sql: string };
    if (/^\s*SELECT/i.test(sql)) {
      return [{ results: database.sqlite.prepare(sql).all(), success: true, meta: {} }];
    }
    database.sqlite.exec(`BEGIN; ${sql}; COMMIT;`);
    return [{ results: [], success: true, meta: {} }];
  }

  async #workers(
    call: Call,
    method: string,
    rest: string,
    body: ArrayBuffer,
    contentType: string,
  ): Promise<unknown> {
    const [, kind, name = "", action] = rest.split("/");
    const worker = this.workers.get(name);
    if (kind === "scripts" && action === undefined && method === "PUT") {
      return this.#upload(name, body, contentType);
    }
    if (action === "assets-upload-session") {
      const { manifest } = JSON.parse(textOf(body)) as { manifest: Record<string, unknown> };
      this.assets.set(name, Object.keys(manifest).sort());
      return { jwt: ASSETS_TOKEN, buckets: [] };
    }
    if (worker === undefined) {
      throw new ApiError({
        status: 404,
        code: 10007,
        message: "This Worker does not exist on your account.",
      });
    }
    if (kind === "services") {
      if (method === "DELETE") return void this.workers.delete(name);
      const script = { last_deployed_from: "wrangler", migration_tag: worker.migrationTag, tags: [] };
      return { default_environment: { script } };
    }
    if (kind === "workers") return { subdomain: { enabled: true, previews_enabled: false } };
    switch (action ?? "") {
      case "versions":
        return this.#upload(name, body, contentType);
      case "deployments":
        return method === "GET" ? { deployments: [] } : { id: randomUUID() };
      case "secrets":
        return [...worker.secrets.keys()].map((secret) => ({ name: secret, type: "secret_text" }));
      case "subdomain":
        return { enabled: true, previews_enabled: false };
      case "schedules":
        worker.schedules = (JSON.parse(textOf(body)) as { cron: string }[]).map(({ cron }) => cron);
        return { schedules: [] };
      case "script-settings":
      case "settings":
        return {};
      default:
        throw unknownCall(call);
    }
  }

  async #upload(name: string, body: ArrayBuffer, contentType: string): Promise<unknown> {
    const form = await new Response(body, { headers: { "content-type": contentType } }).formData();
    const metadata = JSON.parse(form.get("metadata") as string) as Worker["metadata"];
    const files = [...form].flatMap(([part, value]) =>
      typeof value === "string" ? [] : [value.text().then((text): [string, string] => [part, text])],
    );
    const modules = new Map(await Promise.all(files));
    const before = this.workers.get(name);
    const secrets = new Map(before?.secrets);
    for (const { name: secret, type, text } of metadata.bindings)
      if (type === "secret_text") secrets.set(secret, text ?? "");
    this.workers.set(name, {
      metadata,
      secrets,
      modules,
      migrationTag: metadata.migrations?.new_tag ?? before?.migrationTag,
      uploads: (before?.uploads ?? 0) + 1,
      asked: before?.asked ?? 0,
      schedules: before?.schedules ?? [],
    });
    const id = randomUUID();
    return {
      id,
      etag: "e",
      deployment_id: id.replaceAll("-", ""),
      startup_time_ms: 12,
      resources: { script: { etag: "e" } },
    };
  }
}

/** Stands for the files of an upload. */
const ASSETS_TOKEN = "token-of-assets";

class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

const textOf = (body: ArrayBuffer): string => new TextDecoder().decode(body);

const unknownCall = (call: Call) =>
  new ApiError({ status: 404, code: 7003, message: `the stand-in knows no ${call}` });

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
