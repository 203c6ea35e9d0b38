/**
 * The server's crons as the commands call them: the official SDK client, and beside its methods typed calls for the routes and
 * fields that it does not know.
 */
import { Client, CronsClient, type ClientConfig } from "../libraries.js";
import type { JsonObject } from "../../src/platform/json";
import type { Cron, CronSearch } from "../../src/wire/crons/cron";
import type { Preview } from "../../src/wire/crons/preview";
import type { Figures } from "../../src/wire/crons/figures";
import type { Slot, SlotStatus } from "../../src/wire/crons/slot";
import { failureOf } from "./failures.js";

/** A call that gets no answer in this time has failed. */
const CALL_MS = 60_000;

/** Which server is called, and how. */
export interface Connection {
  url: string;
  /** The value of `x-api-key`; null sends none. The SDK would send a key of LangSmith that it finds in the environment. */
  apiKey: string | null;
  headers: Readonly<Record<string, string>>;
  /** In place of the global one. */
  fetch?: typeof fetch;
}

type Search = Partial<Pick<CronSearch, "limit" | "offset" | "sort_by" | "sort_order" | "select">> & {
  assistant_id?: string;
  enabled?: boolean;
  metadata?: JsonObject;
};

/** Every method throws a {@link Failure} when the server refuses the call or does not answer. */
export class CronClient extends CronsClient {
  private readonly client: Client;
  readonly url: string;

  constructor({ url, apiKey, headers, fetch = globalThis.fetch }: Connection) {
    const config: ClientConfig = {
      apiUrl: url,
      apiKey,
      defaultHeaders: headers,
      timeoutMs: CALL_MS,
      // A run by hand that is asked for twice is made twice.
      callerOptions: { maxRetries: 0, fetch: sayingWhy(fetch, url) },
    };
    super(config);
    this.client = new Client(config);
    this.url = url;
  }

  /** The crons that match, page by page. @param query without `limit` and `offset`: all */
  async *searchAll(query: Omit<Search, "limit" | "offset"> = {}): AsyncGenerator<Cron> {
    const limit = 1000;
    for (let offset = 0; ; offset += limit) {
      const page = await this.send<Cron[]>("POST", "/runs/crons/search", {
        sort_by: "cron_id",
        sort_order: "asc",
        ...query,
        limit,
        offset,
      });
      yield* page;
      if (page.length < limit) return;
    }
  }

  searchPage(query: Search): Promise<Cron[]> {
    return this.send("POST", "/runs/crons/search", query);
  }

  get(cronId: string): Promise<Cron> {
    return this.send("GET", cronPath(cronId));
  }

  /** Creates a cron with all the fields that this server has. */
  createWith(body: JsonObject, threadId: string | null): Promise<Cron> {
    const path = threadId === null ? "/runs/crons" : `/threads/${encodeURIComponent(threadId)}/runs/crons`;
    return this.send("POST", path, body);
  }

  patch(cronId: string, body: JsonObject): Promise<Cron> {
    return this.send("PATCH", cronPath(cronId), body);
  }

  pause(cronId: string, note: string | undefined): Promise<Cron> {
    return this.send("POST", `${cronPath(cronId)}/pause`, { note });
  }

  resume(cronId: string, note: string | undefined): Promise<Cron> {
    return this.send("POST", `${cronPath(cronId)}/resume`, { note });
  }

  run(cronId: string, body: JsonObject): Promise<Slot> {
    return this.send("POST", `${cronPath(cronId)}/run`, body);
  }

  async remove(cronId: string): Promise<void> {
    await this.send("DELETE", cronPath(cronId));
  }

  /** The slots of the cron, newest first. */
  slots(cronId: string, query: { limit?: number; before?: string; status?: SlotStatus }): Promise<Slot[]> {
    return this.send("GET", `${cronPath(cronId)}/slots`, undefined, query);
  }

  figures(cronId: string): Promise<Figures> {
    return this.send("GET", `${cronPath(cronId)}/figures`);
  }

  preview(query: {
    schedule: string;
    timezone?: string;
    end_time?: string;
    count?: number;
  }): Promise<Preview> {
    return this.send("POST", "/runs/crons/preview", query);
  }

  /** The names of the assistants with these ids, as far as they can be found. */
  async assistantNames(): Promise<Map<string, string>> {
    try {
      const assistants = await this.client.assistants.search({
        limit: 1000,
        select: ["assistant_id", "name"],
      });
      return new Map(assistants.map(({ assistant_id: id, name }) => [id, name]));
    } catch (error) {
      throw failureOf(error, this.url);
    }
  }

  private async send<T>(
    method: string,
    path: string,
    json?: unknown,
    params?: Record<string, unknown>,
  ): Promise<T> {
    try {
      return await this.fetch<T>(path, { method, json, params, signal: undefined });
    } catch (error) {
      throw failureOf(error, this.url);
    }
  }
}

/** The SDK forgets why a fetch has failed. */
const sayingWhy =
  (inner: typeof fetch, url: string): typeof fetch =>
  async (input, init) => {
    try {
      return await inner(input, init);
    } catch (error) {
      throw failureOf(error, url);
    }
  };

const cronPath = (cronId: string): string => `/runs/crons/${encodeURIComponent(cronId)}`;
