/**
 * The WebSockets of a thread object. The platform keeps them open while the object sleeps, and wakes it for a message. What is known
 * of a WebSocket is kept with it, so an object that wakes, or moves to another host, finds it there.
 */
import { clientOf, socketCommands, type SocketClient } from "../../calls/thread-socket";
import { check } from "../../platform/check";
import { asDomainError } from "../../platform/errors";
import { logError } from "../../platform/log";
import {
  protocolCommand,
  refusal,
  unsubscribeParams,
  type CommandAnswer,
} from "../../wire/protocol/commands";
import { subscribeParams, type EventsFilter } from "../../wire/protocol/events";
import type { Listener } from "../streams/event-log";
import type { SentEvent } from "../streams/sent-event";
import type { ThreadContext } from "../thread-context";
import { HeldEnd } from "./held-end";
import { Joins, type Joining } from "./joins";
import { passesEventsFilter } from "./protocol-event";
import { listeningInPython, PythonTeller } from "./python-view";
import { prepareReplay } from "./replay";
import { commandOf, idOf } from "./socket-message";
import { visibility } from "./visibility";

/** What the platform keeps with a WebSocket. */
interface Kept {
  client: SocketClient;
  subscriptions: Subscription[];
}

interface Subscription {
  id: string;
  filter: EventsFilter;
}

/** An open WebSocket, in memory. */
interface Open extends Kept {
  joins: Joins;
  /** How many of its commands are being answered. */
  unanswered: number;
  /** Whether it carries no more events, since much was sent on it. */
  isFull: boolean;
  isVisible: () => boolean;
  /** Sends no event any more that is held back. */
  stopTelling: () => void;
  /** Undefined while there are no subscriptions. */
  stopListening: (() => void) | undefined;
  /** Tells what was before a subscription, with the end of the last run a little later. */
  heldEnd: HeldEnd;
}

/** Stands in for the code of a WebSocket that was closed without any. */
export const WITHOUT_CODE = 1005;
const NORMAL = 1000;
const TRY_AGAIN = 1013;
/** Whether the code may be sent; the others stand for something that has happened to a connection. */
const isCode = (code: number): boolean => code === NORMAL || (code >= 3000 && code < 5000);

/** The end of a run is replayed so much later than what was before it. */
export const HOLD_MS = 25;

/**
 * Characters of events after which a WebSocket is closed. What a client does not read waits in the memory of the object, and the platform does not tell how
 * much that is. So a WebSocket carries no more than may wait.
 */
const MAX_SENT_LENGTH = 40_000_000;

export class Sockets {
  private readonly open = new Map<WebSocket, Open>();

  constructor(private readonly context: ThreadContext) {
    for (const socket of context.state.getWebSockets())
      this.remember(socket, socket.deserializeAttachment() as Kept);
  }

  /** Accepts a WebSocket that the edge has let through. */
  accept(request: Request): Response {
    const client = clientOf(request);
    const { 0: theirs, 1: ours } = new WebSocketPair();
    this.context.state.acceptWebSocket(ours, [client.threadId]);
    this.keep(ours, this.remember(ours, { client, subscriptions: [] }));
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** Answers a command. Never throws. */
  async receive(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const open = this.open.get(socket);
    if (open === undefined) return;
    const command = commandOf(message);
    const id = idOf(command);
    open.unanswered += 1;
    try {
      const answer = await this.answer(socket, open, command);
      if (answer !== undefined) send(socket, answer);
    } catch (error) {
      const fault = asDomainError(error);
      if (fault === undefined) logError("a command failed", error, { thread_id: open.client.threadId });
      send(
        socket,
        fault === undefined
          ? refusal(id, "unknown_error", "internal error")
          : refusal(id, "invalid_argument", fault.detail),
      );
    } finally {
      open.unanswered -= 1;
      this.closeIfFull(socket, open);
    }
  }

  /** The client has closed a WebSocket, with a code of its own or because the connection broke. It waits for the answer to that. */
  closed(socket: WebSocket, code: number): void {
    this.forget(socket);
    try {
      socket.close(isCode(code) ? code : NORMAL);
    } catch {
      // It is closed on both sides.
    }
  }

  /** @returns undefined when the answer is sent already */
  private async answer(socket: WebSocket, open: Open, message: unknown): Promise<CommandAnswer | undefined> {
    const command = check(protocolCommand, message, "command");
    const params = command.params ?? {};
    switch (command.method) {
      case "subscription.subscribe": {
        const filter = check(subscribeParams, params, ["params"]);
        await open.joins.add(this.prepare(open.client, command.id, filter));
        return undefined;
      }
      case "subscription.unsubscribe": {
        const { subscription_id: id } = check(unsubscribeParams, params, ["params"]);
        if (!this.unsubscribe(socket, open, id)) {
          return refusal(command.id, "no_such_subscription", `there is no subscription "${id}"`);
        }
        return { type: "success", id: command.id, result: {}, meta: { thread_id: open.client.threadId } };
      }
      default:
        // What was subscribed to before is answered before.
        await open.joins.none();
        return socketCommands(this.context.state).answer(open.client, command);
    }
  }

  private async prepare({ threadId }: SocketClient, id: number, filter: EventsFilter): Promise<Joining> {
    const start = { since: filter.since, lastEventId: undefined };
    return { id, filter, replay: await prepareReplay(this.context, threadId, start) };
  }

  /** Sends the success of each subscription first, then once what they are to be replayed, and then what happens. */
  private join(socket: WebSocket, open: Open, joining: readonly Joining[]): void {
    if (!this.open.has(socket)) return;
    const { threadId } = open.client;
    const replayed = new Map<number, SentEvent>();
    const added: Subscription[] = [];
    for (const { id, filter, replay } of joining) {
      const { channels, namespaces, depth } = filter;
      const subscription = {
        id: crypto.randomUUID(),
        filter: { channels, namespaces, depth, since: undefined },
      };
      if (!this.keep(socket, { ...open, subscriptions: [...open.subscriptions, ...added, subscription] })) {
        const message = "too many subscriptions: the filters of all of them take too much room";
        send(socket, refusal(id, "invalid_argument", message));
        continue;
      }
      added.push(subscription);
      const events = replay(filter, open.client).filter(() => open.isVisible());
      for (const event of events) replayed.set(event.id, event);
      const result = { subscription_id: subscription.id, replayed_events: events.length };
      send(socket, { type: "success", id, result, meta: { thread_id: threadId } });
    }
    open.heldEnd.replay(
      [...replayed.values()].sort((a, b) => a.id - b.id),
      HOLD_MS,
    );
    if (open.isFull) return;
    open.subscriptions.push(...added);
    if (open.subscriptions.length > 0) this.listen(open);
  }

  private unsubscribe(socket: WebSocket, open: Open, id: string): boolean {
    const index = open.subscriptions.findIndex((subscription) => subscription.id === id);
    if (index < 0) return false;
    open.subscriptions.splice(index, 1);
    this.keep(socket, open);
    if (open.subscriptions.length === 0) {
      open.stopListening?.();
      open.stopListening = undefined;
    }
    return true;
  }

  private remember(socket: WebSocket, { client, subscriptions }: Kept): Open {
    const isVisible = visibility(this.context, client.threadId, client.visible);
    let sentLength = 0;
    const tell: Listener = ({ data }) => {
      if (open.isFull) return;
      sendText(socket, data);
      sentLength += data.length;
      if (sentLength <= MAX_SENT_LENGTH) return;
      open.isFull = true;
      this.closeIfFull(socket, open);
    };
    const teller = client.isPython ? new PythonTeller(tell) : undefined;
    const heldEnd = new HeldEnd(teller === undefined ? tell : teller.tell.bind(teller));
    const open: Open = {
      client,
      subscriptions,
      joins: new Joins((joining) => {
        this.join(socket, open, joining);
      }),
      unanswered: 0,
      isFull: false,
      isVisible,
      heldEnd,
      stopTelling: () => {
        heldEnd.stop();
        teller?.stop();
      },
      stopListening: undefined,
    };
    this.open.set(socket, open);
    if (subscriptions.length > 0) this.listen(open);
    return open;
  }

  /**
   * Closes a WebSocket on which much was sent, when its commands are answered. The SDKs connect again. The JavaScript SDK does so only if
   * what it had subscribed to on this WebSocket was answered.
   */
  private closeIfFull(socket: WebSocket, open: Open): void {
    if (!open.isFull || open.unanswered > 0 || !this.open.has(socket)) return;
    this.forget(socket);
    socket.close(
      TRY_AGAIN,
      "much was sent, and may wait to be read: connect again, and subscribe with since",
    );
  }

  private forget(socket: WebSocket): void {
    const open = this.open.get(socket);
    open?.stopListening?.();
    open?.stopTelling();
    this.open.delete(socket);
  }

  /** Sends the events from now on, each once, however many subscriptions it is for. */
  private listen(open: Open): void {
    const { threadId, isPython } = open.client;
    const listener: Listener = (event) => {
      const isWanted = open.subscriptions.some(({ filter }) => passesEventsFilter(event, filter));
      if (isWanted && open.isVisible()) open.heldEnd.tell(event);
    };
    open.stopListening ??= this.context.events.listenByProtocol(
      threadId,
      isPython ? listeningInPython(listener) : listener,
    );
  }

  /** Keeps what is known with the WebSocket. @returns false when it is more than the platform keeps */
  private keep(socket: WebSocket, { client, subscriptions }: Kept): boolean {
    try {
      socket.serializeAttachment({ client, subscriptions } satisfies Kept);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Closes the WebSockets of a thread that is gone. The code is the status that HTTP would have, and 4,000, which tells the SDKs not to
 * connect again.
 */
export function closeSockets(state: DurableObjectState, threadId: string): void {
  for (const socket of state.getWebSockets(threadId)) socket.close(4404, "the thread was deleted");
}

const send = (socket: WebSocket, answer: CommandAnswer): void => {
  sendText(socket, JSON.stringify(answer));
};

/** Sends a text, unless the WebSocket has been closed. */
function sendText(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // The client is gone. The platform says so by an event of its own.
  }
}
