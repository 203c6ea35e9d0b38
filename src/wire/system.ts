/** Requests and answers about the server itself, and the answer to every request that fails. */
import { z } from "zod";
import { answerNames, jsonObject } from "./fields";

export const okQuery = z.strictObject({
  check_db: z
    .enum(["0", "1"])
    .default("0")
    .meta({ description: "With 1, the answer is only good if D1 answers too." }),
});

export const health = z.strictObject({
  ok: z.literal(true),
  warning: z.string().optional().meta({
    description:
      "Only with `check_db=1`, while D1 is short of space or was within the last hour. The oldest records of ended runs are then removed.",
  }),
});

export const serverInfo = z
  .strictObject({
    version: z.string(),
    langgraph_py_version: z.string(),
    flags: z.record(z.string(), z.boolean()),
    auth: z.enum(["open", "keys", "custom"]).meta({
      description: "How the server knows its callers: not at all, by a key, or by the project's own `Auth`.",
    }),
    metadata: jsonObject,
  })
  .register(answerNames, { id: "ServerInfo" });

export const failure = z
  .strictObject({
    detail: z.string().meta({ description: "What is wrong, for people." }),
    code: z.string().meta({ description: "What is wrong, for programs." }),
  })
  .register(answerNames, { id: "Failure" });
