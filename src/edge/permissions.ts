/**
 * What the caller of a request may do. A route asks here before it does anything, and gets the objects of threads and crons from
 * here, so that none is reached without having been asked for.
 */
import type { z } from "zod";
import { handlersFor } from "../auth/access-mode";
import { authorize, type Permission } from "../auth/authorize";
import { changedFields } from "../auth/changed-value";
import { authorizeRun } from "../auth/create-run";
import type { AuthEvent, AuthValue } from "../auth/events";
import { AuthRefusal } from "../auth/refusal";
import { bothFilters, NOTHING_PASSES, type AccessFilter } from "../calls/access-filter";
import { cronObject, type CronCalls } from "../calls/cron-calls";
import { threadObject, type ThreadCalls } from "../calls/thread-calls";
import { assistantIdOf } from "../d1/assistants-table";
import { asDomainError, DomainError } from "../platform/errors";
import { pick } from "../platform/json";
import { logError } from "../platform/log";
import type { RunCreate } from "../wire/runs/run";
import { userOf, type EdgeContext } from "./caller";

type EventOf<Event extends AuthEvent, Resource extends string> = Extract<Event, `${Resource}:${string}`>;

/** @typeParam Event the events about which the route may ask; its description has them */
export class Permissions<Event extends AuthEvent = AuthEvent> {
  /** The events about which the route has asked so far. */
  readonly asked = new Set<AuthEvent>();

  constructor(private readonly c: EdgeContext) {}

  /** Whether somebody is asked. Where not, every caller may do everything. */
  get areAsked(): boolean {
    return userOf(this.c) !== null && handlersFor(this.c.env) !== undefined;
  }

  /**
   * Asks whether the caller may do something.
   * @param value what is to be done, which the handler may change
   * @throws request.forbidden, AuthRefusal, AuthMistake
   */
  async ask<E extends Event>(event: E, value: AuthValue<E>): Promise<Permission<E>> {
    this.asked.add(event);
    const user = userOf(this.c);
    const handlers = handlersFor(this.c.env);
    if (user === null || handlers === undefined) return { filter: undefined, value };
    return authorize(handlers, user, event, value);
  }

  /**
   * Asks whether the caller may do what a body says. The handler gets the named fields of the body, and may change them.
   * @param ids what the handler is told beside these fields: which thing it is about
   * @returns the filter, and the body with what the handler has changed
   * @throws request.forbidden, AuthRefusal, and AuthMistake when the handler has left a field that the schema refuses
   */
  async askAbout<Shape extends z.ZodRawShape>(
    event: Event,
    schema: z.ZodObject<Shape>,
    body: z.output<z.ZodObject<Shape>>,
    fields: readonly (keyof Shape & string)[],
    ids: Record<string, unknown> = {},
  ): Promise<{ filter: AccessFilter | undefined; body: z.output<z.ZodObject<Shape>> }> {
    const before = { ...pick(body, fields), ...ids };
    const { filter, value } = await this.ask(event, before as unknown as AuthValue<Event>);
    if (!this.areAsked) return { filter, body };
    return { filter, body: { ...body, ...changedFields(event, schema.shape, value, fields) } };
  }

  /**
   * What a create may answer with in place of a new thing: one of the same id, which the caller may create and may also read, or
   * change. A caller who may not read it learns only that the id is taken.
   * @param filter what the permission to create came with
   */
  async existing<E extends Event>(
    filter: AccessFilter | undefined,
    event: E,
    value: AuthValue<E>,
  ): Promise<AccessFilter | undefined> {
    return bothFilters(filter, await this.filterOf(event, value));
  }

  /** The filter that a permission comes with. Nothing passes it where the permission is refused, so that an answer does not tell which. */
  async filterOf<E extends Event>(event: E, value: AuthValue<E>): Promise<AccessFilter | undefined> {
    try {
      return (await this.ask(event, value)).filter;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return NOTHING_PASSES;
    }
  }

  /**
   * Asks whether the caller may create a run.
   * @returns the filter that the thread has to pass if it exists, and the body with what the handler has changed
   * @throws request.forbidden, AuthRefusal, AuthMistake
   */
  async askForRun(
    body: RunCreate,
    ids: { threadId: string | null; runId: string },
  ): Promise<{ filter: AccessFilter | undefined; body: RunCreate }> {
    this.asked.add("threads:create_run");
    const user = userOf(this.c);
    const handlers = handlersFor(this.c.env);
    if (user === null || handlers === undefined) return { filter: undefined, body };
    const assistantId = assistantIdOf(body.assistant_id);
    const { filter, fields } = await authorizeRun(handlers, user, body, { ...ids, assistantId });
    return { filter, body: fields };
  }

  /**
   * Asks whether the caller may do something that concerns what belongs to everybody.
   * @throws request.forbidden also when the caller may see only a part of it
   */
  async askForAll(event: Event): Promise<void> {
    const { filter } = await this.ask(event, {} as AuthValue<Event>);
    if (filter === undefined) return;
    throw new DomainError("request.forbidden", `not allowed: ${event} without a filter, which this needs`);
  }

  /** Whether the caller may do something with all that there is. A handler that fails allows nothing. */
  async mayForAll(event: Event): Promise<boolean> {
    try {
      await this.askForAll(event);
      return true;
    } catch (error) {
      if (!isRefusal(error)) logError("a handler of the project's Auth failed", error, { event });
      return false;
    }
  }

  /** Asks about a thread. @returns the object of the thread, which knows the thread only if the caller may see it */
  async thread(
    event: EventOf<Event, "threads">,
    threadId: string,
    fields: Record<string, unknown> = {},
  ): Promise<ThreadCalls> {
    const { filter } = await this.ask(event, { thread_id: threadId, ...fields } as unknown as AuthValue<
      typeof event
    >);
    return this.threadPassing(filter, threadId);
  }

  /** Asks about a cron. @returns the object of the cron, which knows the cron only if the caller may see it */
  async cron(
    event: EventOf<Event, "crons">,
    cronId: string,
    fields: Record<string, unknown> = {},
  ): Promise<CronCalls> {
    const { filter } = await this.ask(event, { cron_id: cronId, ...fields } as unknown as AuthValue<
      typeof event
    >);
    return this.cronPassing(filter, cronId);
  }

  /** The object of the thread, which knows the thread only if it passes the filter that a permission came with. */
  threadPassing(filter: AccessFilter | undefined, threadId: string): ThreadCalls {
    return threadObject(this.c.env, threadId, filter);
  }

  /** The object of the cron, which knows the cron only if it passes the filter that a permission came with. */
  cronPassing(filter: AccessFilter | undefined, cronId: string): CronCalls {
    return cronObject(this.c.env, cronId, filter);
  }
}

/** Whether the error is the answer "no". Any other error says that the project's `Auth` failed. */
const isRefusal = (error: unknown): boolean =>
  error instanceof AuthRefusal || asDomainError(error)?.code === "request.forbidden";
