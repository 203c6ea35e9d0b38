/** What the methods of A2A are sent, as far as the SDK reads it without a check. Fields that are not named here are not looked at. */
import { z } from "zod";
import { check } from "../../platform/check";
import type { JsonObject } from "../../platform/json";

/** Version 1.0 takes numbers as texts, too. */
const historyLength = z.coerce.number("expected a number").int().min(0).nullish();
const texts = z.array(z.string()).nullish();
const metadata = z.looseObject({}).nullish();

const NO_ID = "expected the id of a task";
const task = z.looseObject({ id: z.string(NO_ID).min(1, NO_ID), historyLength });

const PART_KINDS = ["text", "data", "file"];

/** A part of a message, in either version. */
const part = z.looseObject({ text: z.string().nullish() });

const legacyPart = part
  .refine(({ kind }) => PART_KINDS.includes(String(kind)), {
    path: ["kind"],
    message: "expected text, data or file",
  })
  .refine(({ kind, text }) => kind !== "text" || typeof text === "string", {
    path: ["text"],
    message: "expected a text",
  })
  .refine(({ kind, data }) => kind !== "data" || (data !== undefined && data !== null), {
    path: ["data"],
    message: "expected an object",
  });

const messageOf = <P extends z.ZodType>(parts: P) =>
  z.looseObject({
    parts: z.array(parts).min(1),
    taskId: z.string().nullish(),
    contextId: z.string().nullish(),
    extensions: texts,
    referenceTaskIds: texts,
    metadata,
  });

const shared = { acceptedOutputModes: texts, historyLength };

const legacySending = z.looseObject({
  message: messageOf(legacyPart),
  // The SDK takes a configuration that does not say whether to wait for one that says not to.
  configuration: z
    .looseObject({ ...shared, blocking: z.boolean().default(true) })
    .nullish()
    .transform((given) => given ?? undefined),
  metadata,
});

const sending = z.looseObject({
  message: messageOf(part),
  configuration: z.looseObject({ ...shared, returnImmediately: z.boolean().nullish() }).nullish(),
  metadata,
});

const SCHEMAS: Readonly<Record<string, z.ZodType<JsonObject>>> = {
  "message/send": legacySending,
  "message/stream": legacySending,
  "tasks/get": task,
  "tasks/cancel": task,
  "tasks/resubscribe": task,
  SendMessage: sending,
  SendStreamingMessage: sending,
  GetTask: task,
  CancelTask: task,
  SubscribeToTask: task,
};

/** The parameters of a method, for the SDK. @throws request.invalid with the fields that are wrong */
export function checkedParams(method: string, params: JsonObject): JsonObject {
  const schema = Object.hasOwn(SCHEMAS, method) ? SCHEMAS[method] : undefined;
  return schema === undefined ? params : check(schema, params, ["params"]);
}
