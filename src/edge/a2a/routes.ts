/** Assistants as agents of the Agent2Agent protocol (A2A): their cards, and the messages that other agents send them. */
import { z } from "zod";
import { accessMode } from "../../auth/access-mode";
import { graphIds } from "../../graphs/registry";
import { check } from "../../platform/check";
import { DomainError } from "../../platform/errors";
import { isJsonObject, type JsonObject } from "../../platform/json";
import type { Assistant } from "../../wire/assistants";
import { requestNames } from "../../wire/fields";
import { runCreate } from "../../wire/runs/run";
import { describeSchemas } from "../assistant-graph";
import { userOf, type EdgeContext } from "../caller";
import { DescribedRoutes } from "../described-routes";
import type { InnerRoutes } from "../inner-routes";
import { json } from "../openapi/operation";
import { Permissions } from "../permissions";
import { requestRun } from "../request-run";
import { usableAssistant } from "../usable-assistant";
import { cardOf } from "./card";

const message = z.looseObject({}).register(requestNames, { id: "A2aMessage" });

const cardQuery = z.strictObject({
  assistant_id: z.string().min(1).optional().meta({
    description: "The id of an assistant or of a graph. It may be left out where there is one graph only.",
  }),
});

/**
 * @param inner the server's own routes, by which a task is a run
 * @param prefix what is before all paths
 */
export function a2aRoutes(inner: InnerRoutes, prefix: string): DescribedRoutes {
  const cardFor = (c: EdgeContext, assistant: Readonly<Assistant>): JsonObject => {
    const url = `${new URL(c.req.url).origin}${prefix}/a2a/${assistant.assistant_id}`;
    return cardOf(assistant, url, accessMode(c.env));
  };
  return new DescribedRoutes("A2A")
    .add(
      "GET /.well-known/agent-card.json",
      {
        id: "get_agent_card",
        allow: "callers",
        summary: "Read the agent card of an assistant",
        description:
          "Of an assistant whose graph has `messages`. The card is one for the versions 1.0 and 0.3 of A2A.",
        query: cardQuery,
        answers: json("The card.", z.looseObject({ name: z.string(), url: z.string() })),
        failures: [404],
      },
      async (c, { query: { assistant_id: asked } }) => {
        const assistant = await talkingAssistant(c, asked ?? onlyGraph());
        return c.json(cardFor(c, assistant));
      },
    )
    .add(
      "POST /a2a/{assistant_id}",
      {
        id: "post_a2a",
        allow: "callers",
        summary: "Send a message of the Agent2Agent protocol",
        description:
          "JSON-RPC 2.0: `message/send`, `message/stream`, `tasks/get`, `tasks/cancel` and `tasks/resubscribe` of A2A 0.3, and the same of 1.0 with " +
          "the header `A2A-Version: 1.0`. A task is a run, and its context is the thread. What a method does asks what the route asks that does the same.",
        body: message,
        answers: json("The answer; of the streaming methods, server-sent events.", z.looseObject({})),
        failures: [404],
      },
      async (c, { path: { assistant_id: asked }, body }) => {
        const assistant = await usableAssistant(c, new Permissions(c), asked);
        const { answerA2a, refuseA2a } = await import("./answer");
        const version = c.req.header("A2A-Version");
        if (!(await hasMessages(c, assistant))) return refuseA2a(body, version, silent(assistant));
        const { assistant_id: assistantId } = assistant;
        const answer = async (threadId: string, fields: JsonObject): Promise<string> => {
          const { run, thread } = await requestRun(
            c,
            new Permissions(c),
            check(runCreate, fields, ""),
            threadId,
          );
          return (await thread.createAnswer(run)).run_id;
        };
        const place = { call: inner.asCallerOf(c), answer, assistantId, card: cardFor(c, assistant) };
        return answerA2a(place, body, version);
      },
    );
}

/** @throws request.invalid when there are several graphs */
function onlyGraph(): string {
  const [first, ...more] = graphIds;
  if (first !== undefined && more.length === 0) return first;
  throw new DomainError(
    "request.invalid",
    `assistant_id: expected an assistant or a graph; there are: ${graphIds.join(", ")}`,
  );
}

const silent = ({ graph_id: graphId }: Readonly<Assistant>): string =>
  `assistant_id: the graph ${graphId} has no \`messages\`, so it is no agent of A2A`;

/** @throws assistant.not_found, also when the caller may not use it; request.invalid when its graph has no messages */
async function talkingAssistant(c: EdgeContext, idOrGraphId: string): Promise<Readonly<Assistant>> {
  const assistant = await usableAssistant(c, new Permissions(c), idOrGraphId);
  if (!(await hasMessages(c, assistant))) throw new DomainError("request.invalid", silent(assistant));
  return assistant;
}

async function hasMessages(c: EdgeContext, { assistant_id: id }: Readonly<Assistant>): Promise<boolean> {
  const read = { db: c.env.DB, idOrGraphId: id, visible: undefined, user: userOf(c) };
  const { input_schema: schema } = (await describeSchemas(read)) as { input_schema: JsonObject };
  return isJsonObject(schema.properties) && "messages" in schema.properties;
}
