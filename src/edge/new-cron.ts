/** Creates crons. */
import { v7 as uuid7 } from "@langchain/core/utils/uuid";
import { changedFields } from "../auth/changed-value";
import type { AuthValue } from "../auth/events";
import type { AccessFilter } from "../calls/access-filter";
import { changedPayload, type CronDefinition } from "../calls/cron-definition";
import { ownerOf } from "../calls/user";
import { readFiringContext } from "../d1/firing-context";
import { now, toIsoOrNull } from "../platform/clock";
import { pick } from "../platform/json";
import {
  CRON_PAYLOAD_FIELDS,
  cronCreate,
  type Cron,
  type CronCreate,
  type CronPatch,
} from "../wire/crons/cron";
import { changedPolicy, DEFAULT_POLICY } from "../wire/crons/policy";
import { threadCreate } from "../wire/threads/thread";
import { requireAllowedWebhooks } from "./allowed-webhooks";
import { userOf, type EdgeContext } from "./caller";
import type { Permissions } from "./permissions";
import { madeBy, madeByMetadata, makeInChain } from "./planned-cron";
import { usableAssistant } from "./usable-assistant";

type CreatePermissions = Permissions<"crons:create" | "crons:read" | "crons:update" | "assistants:read">;

/** The thread of a cron, and what the caller may do with threads. */
interface CronThread {
  threadId: string;
  access: Permissions<"threads:read" | "threads:create">;
}

/** What a handler of an `Auth` may change of a cron, beside the payload. */
const OWN_FIELDS = ["schedule", "metadata"] as const;

/**
 * Asks whether the caller may create or change a cron.
 * @param ids what the handler is told beside the body: which cron, and on which thread
 * @returns the filter that the cron has to pass, and the body with what the handler has changed
 */
export async function askAboutCron<Body extends CronPatch>(
  access: Permissions<"crons:update"> | Permissions<"crons:create">,
  event: "crons:create" | "crons:update",
  body: Body,
  ids: Record<string, unknown>,
): Promise<{ filter: AccessFilter | undefined; body: Body }> {
  const payload = pick(body, CRON_PAYLOAD_FIELDS);
  const given = { ...pick(body, OWN_FIELDS), payload, end_time: toIsoOrNull(body.end_time ?? null), ...ids };
  const asking = access as Permissions<"crons:create" | "crons:update">;
  const { filter, value } = await asking.ask(event, given as unknown as AuthValue<typeof event>);
  if (!access.areAsked) return { filter, body };
  const { shape } = cronCreate;
  const fields = body.schedule === undefined ? (["metadata"] as const) : OWN_FIELDS;
  const changed = {
    ...changedFields(event, shape, value, fields),
    ...changedFields(event, shape, value.payload ?? {}, CRON_PAYLOAD_FIELDS),
  };
  return { filter, body: { ...body, ...changed } };
}

/**
 * Creates a cron, which fires as its creator.
 * @param thread null for a stateless cron
 * @throws assistant.not_found, thread.not_found and what the cron's object refuses; request.forbidden, AuthRefusal
 */
export async function createCron(
  c: EdgeContext,
  access: CreatePermissions,
  sent: CronCreate,
  thread: CronThread | null,
): Promise<Cron> {
  const { cron_id: cronId = uuid7(), if_exists: ifExists = "raise" } = sent;
  const threadId = thread?.threadId ?? null;
  const user = userOf(c);
  const ids = { cron_id: cronId, thread_id: threadId, user_id: user?.identity ?? null };
  const { filter, body } = await askAboutCron(access, "crons:create", sent, ids);
  requireAllowedWebhooks(body);
  const visible = await existingCron(access, filter, ifExists, cronId);
  // Assistant and thread are looked up first. When one of them does not exist, nothing is stored.
  await usableAssistant(c, access, body.assistant_id);
  const firingContext = await readFiringContext(c.env, body.assistant_id);
  if (thread !== null) await requireThread(thread, body.if_not_exists);
  const createdAt = now();
  const { assistant_id: assistantId } = firingContext.assistant;
  const { planningRun } = c.var;
  const definition: CronDefinition = {
    cronId,
    assistantId,
    threadId,
    schedule: body.schedule,
    timezone: body.timezone ?? null,
    endTime: body.end_time ?? null,
    enabled: body.enabled ?? true,
    onRunCompleted: threadId === null ? (body.on_run_completed ?? "delete") : null,
    payload: changedPayload({ assistant_id: assistantId }, threadId, body),
    metadata: { ...body.metadata, ...(planningRun === undefined ? {} : madeByMetadata(planningRun)) },
    policy: changedPolicy(DEFAULT_POLICY, body),
    owner: user === null ? null : ownerOf(user),
    ...(planningRun === undefined ? {} : { madeBy: madeBy(planningRun) }),
    note: null,
    createdAt,
    updatedAt: createdAt,
  };
  const make = (): Promise<Cron> =>
    access.cronPassing(visible, cronId).create(definition, firingContext, { ifExists, patch: body });
  return planningRun === undefined ? make() : makeInChain(c.env, planningRun, cronId, make);
}

/** What a cron of the same id has to be like, to be changed or answered with in place of a new one. */
async function existingCron(
  access: CreatePermissions,
  filter: AccessFilter | undefined,
  ifExists: NonNullable<CronCreate["if_exists"]>,
  cronId: string,
): Promise<AccessFilter | undefined> {
  if (ifExists === "raise") return filter;
  const event = ifExists === "update" ? "crons:update" : "crons:read";
  return access.existing(filter, event, { cron_id: cronId });
}

/**
 * Makes the thread of a cron when the request asks for that, and refuses a thread that does not exist.
 * @throws thread.not_found
 */
async function requireThread(
  { threadId, access }: CronThread,
  ifNotExists: CronCreate["if_not_exists"],
): Promise<void> {
  if (ifNotExists !== "create") {
    const thread = await access.thread("threads:read", threadId);
    await thread.checkThread(threadId);
    return;
  }
  const { filter, body } = await access.askAbout(
    "threads:create",
    threadCreate,
    threadCreate.parse({ if_exists: "do_nothing" }),
    ["metadata"],
    { thread_id: threadId },
  );
  const visible = await access.existing(filter, "threads:read", { thread_id: threadId });
  await access.threadPassing(visible, threadId).createThread(threadId, body);
}
