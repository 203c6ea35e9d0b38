/** The thread protocol: commands, and the events of a thread by server-sent events or a WebSocket. */
import { z } from "zod";
import { connect } from "../calls/thread-socket";
import { storableUser } from "../calls/user";
import { DomainError } from "../platform/errors";
import { commandAnswer, protocolCommand } from "../wire/protocol/commands";
import { eventsFilter } from "../wire/protocol/events";
import { userOf, type EdgeContext } from "./caller";
import { configurableHeaders } from "./configurable-headers";
import { requireSameSite } from "./cors";
import { DescribedRoutes } from "./described-routes";
import { empty, events, json } from "./openapi/operation";
import { answerCommand } from "./thread-commands";

const lastEventId = z
  .string()
  .max(200)
  .optional()
  .meta({ description: "The id of the last event that was received, as `since` is its number." });

/** Whether the client is in Python: its SDK, or the package by which that SDK opens WebSockets. */
const isPython = (c: EdgeContext): boolean =>
  /^(?:langgraph-sdk-py|python)\b/i.test(c.req.header("user-agent") ?? "");

export const protocolRoutes = new DescribedRoutes("Threads")
  .add(
    "POST /threads/{thread_id}/commands",
    {
      id: "send_command",
      allow: ["threads:read", "threads:create_run", "assistants:read"],
      summary: "Send a command of the thread protocol",
      description:
        "`run.start`, `input.respond`, `agent.getTree`, `state.get`, `state.listCheckpoints` and `state.fork`. What is wrong with a " +
        "command is said in the answer, with the status 200.",
      body: protocolCommand,
      answers: json("What came of the command.", commandAnswer),
      failures: [404],
    },
    async (c, { path: { thread_id: threadId }, body, access }) =>
      c.json(await answerCommand(c, access, threadId, body)),
  )
  .add(
    "POST /threads/{thread_id}/stream/events",
    {
      id: "stream_events",
      allow: ["threads:read"],
      summary: "Stream the events of a thread, by the thread protocol",
      description:
        "The events of the thread's last run, and those of all runs from then on. The stream does not end. It may be opened before " +
        "there is such a thread.",
      headers: { "Last-Event-ID": lastEventId },
      body: eventsFilter,
      answers: events("The events. `event` is the method of each, and `data` the whole of it."),
    },
    async (c, { path: { thread_id: threadId }, headers, body, access }) => {
      const { filter: visible } = await access.ask("threads:read", { thread_id: threadId });
      const options = { lastEventId: headers["Last-Event-ID"], visible, isPython: isPython(c) };
      const stream = await access.threadPassing(undefined, threadId).streamEvents(threadId, body, options);
      c.header("Content-Type", "text/event-stream");
      c.header("Cache-Control", "no-store");
      return c.body(stream);
    },
  )
  .add(
    "GET /threads/{thread_id}/stream/events",
    {
      id: "connect_thread",
      allow: ["threads:read", "threads:create_run", "assistants:read"],
      summary: "Open a WebSocket to a thread, for commands and events of the thread protocol",
      description:
        "The client sends commands as JSON texts, those of `POST` and `subscription.subscribe` and `subscription.unsubscribe`, and is " +
        "sent their answers and the events that it has subscribed to.",
      answers: empty("The connection is a WebSocket from here on.", 101),
    },
    async (c, { path: { thread_id: threadId }, access }) => {
      const { filter: visible } = await access.ask("threads:read", { thread_id: threadId });
      if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
        throw new DomainError(
          "request.invalid",
          "Upgrade: expected websocket; server-sent events are streamed by POST",
        );
      }
      requireSameSite(c);
      const headers = configurableHeaders(c.req.raw.headers);
      const user = storableUser(userOf(c));
      return connect(c.env, { threadId, user, visible, headers, isPython: isPython(c) });
    },
  );
