/**
 * The events in the form in which LangGraph for Python has them. There, messages and tools are at the namespace of the graph that has
 * their node, and nodes that are no graphs do not begin or end. Python's SDK looks for them there, and only there.
 */
import { now } from "../../platform/clock";
import { parseJson } from "../../platform/json";
import type { SentEvent } from "../streams/sent-event";
import type { Listener } from "../streams/event-log";

interface Envelope {
  params: { namespace: string[]; data: Record<string, unknown> };
}

/** The event for a client in Python; undefined when it gets none. */
export function inPython(event: SentEvent): SentEvent | undefined {
  const { protocol } = event;
  if (protocol === undefined || protocol.isOfNode === true) return undefined;
  if (protocol.channel === "messages" || protocol.channel === "tools") {
    const namespace = protocol.namespace.slice(0, -1);
    return { ...event, data: changed(event, { namespace }), protocol: { ...protocol, namespace } };
  }
  if (event.event !== "input.requested") return event;
  // The SDK has another word for what is asked.
  const { data } = parseJson<Envelope>(event.data).params;
  return { ...event, data: changed(event, { data: { ...data, value: data.payload } }) };
}

/**
 * Python's SDK listens for questions from before it starts a run. When it is asked something, it ends what its program reads at that
 * moment, and a program that begins to read later waits for ever. So it is asked no sooner than this after the question came up: a run
 * may ask before its client knows that it has begun.
 */
const ASKED_AFTER_MS = 200;

/**
 * Whether the event begins or ends a message. This does not parse the JSON, because it is asked for each word of a model. A text in the JSON
 * cannot be mistaken for the name of the event: its quotes have backslashes.
 */
const isOfMessage = ({ event, data }: SentEvent, kind: "message-start" | "message-finish"): boolean =>
  event === "messages" && data.includes(`"event":"${kind}"`);

/** Tells a client in Python of events, in order. */
export class PythonTeller {
  /**
   * The event that begins a message, until the next event comes. LangGraph for Python streams no message without content, such as a node's call of a tool
   * that no model has written. Python's SDK would take it for an answer without words.
   */
  private begun: SentEvent | undefined;
  private readonly waiting: SentEvent[] = [];
  private isOver = false;
  /** Goes off when a question may be told; undefined when none is held. */
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: Listener) {}

  tell(event: SentEvent): void {
    const { begun } = this;
    this.begun = undefined;
    if (begun !== undefined) {
      if (isOfMessage(event, "message-finish")) return;
      this.enqueue(begun);
    }
    if (isOfMessage(event, "message-start")) this.begun = event;
    else this.enqueue(event);
  }

  /** Tells nothing any more. */
  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  private enqueue(event: SentEvent): void {
    if (this.waiting.push(event) === 1) this.tellWaiting();
  }

  private tellWaiting(): void {
    for (let event = this.waiting[0]; event !== undefined && !this.isOver; event = this.waiting[0]) {
      const heldMs =
        event.event === "input.requested" ? ASKED_AFTER_MS - Math.max(now() - event.id / 1000, 0) : 0;
      if (heldMs > 0) {
        this.timer = setTimeout(() => {
          this.tellWaiting();
        }, heldMs);
        return;
      }
      this.waiting.shift();
      this.listener(event);
    }
  }
}

/** A listener that gets the events so. */
export const listeningInPython =
  (listener: Listener): Listener =>
  (event) => {
    const seen = inPython(event);
    if (seen !== undefined) listener(seen);
  };

function changed({ data }: SentEvent, params: Partial<Envelope["params"]>): string {
  const envelope = parseJson<Envelope>(data);
  return JSON.stringify({ ...envelope, params: { ...envelope.params, ...params } });
}
