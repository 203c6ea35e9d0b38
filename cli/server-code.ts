/**
 * The server's own code that commands use too: schemas of requests, and what a schedule means. The build bundles this file, because
 * the sources of the server are made for a bundler and Node cannot load them. So no other file of the command imports values of `src`.
 * The bundle has the server's libraries in it; `libraries.ts` says why.
 */
export { httpSettingsOf } from "../src/edge/http-settings";
export { isOldestGraph } from "../src/graphs/oldest-graphs";
export { check } from "../src/platform/check";
export { toIso } from "../src/platform/clock";
export { DomainError } from "../src/platform/errors";
export { previewOf } from "../src/schedule/preview";
export { nextSlot } from "../src/schedule/schedule";
export { describeSchedule } from "../src/schedule/words";
export { CRON_PAYLOAD_FIELDS, cronCreate, DECLARED_NAME, threadCronCreate } from "../src/wire/crons/cron";
export { DEFAULT_POLICY, POLICY_FIELDS } from "../src/wire/crons/policy";
export { defaultAssistantId } from "../src/wire/default-assistant-id";
export { uuid } from "../src/wire/fields";
