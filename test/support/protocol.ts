/** A client of the thread protocol as bare as can be: it sends commands, and reads events from a stream or a WebSocket. */
import { exports } from "cloudflare:workers";
import { expect } from "vitest";
import { call } from "./edge";
import { open, type EventReader } from "./sse";

/** An event as it is on the wire. */
export interface WireEvent {
  type: "event";
  event_id: string;
  seq: number;
  method: string;
  params: { namespace: string[]; timestamp: number; node?: string; data: unknown };
}

export interface Success<Result = Record<string, unknown>> {
  type: "success";
  id: number;
  result: Result;
  meta: { thread_id: string; applied_through_seq?: number };
}

export interface Failure {
  type: "error";
  id: number | null;
  error: string;
  message: string;
}

export const ALL = [
  "values",
  "updates",
  "messages",
  "tools",
  "lifecycle",
  "input",
  "checkpoints",
  "tasks",
  "custom",
];

/** What arrives on a WebSocket. */
export type Frame = WireEvent | Success | Failure;

/** Stands for any text, or any number, in what a test expects. */
export const someText = expect.any(String) as string;
export const someNumber = expect.any(Number) as number;
/** Stands for any text that has the given one in it. */
export const textWith = (part: string): string => expect.stringContaining(part) as string;

let lastId = 0;

/** Sends a command, and returns the answer as it is. */
export async function command<Answer = Success | Failure>(
  threadId: string,
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  lastId += 1;
  const body = { id: lastId, method, params };
  const { status, body: answer } = await call<Answer>("POST", `/threads/${threadId}/commands`, body, headers);
  if (status !== 200) throw new Error(`${method} answered ${status}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Sends a command that succeeds. */
export async function succeed<Result>(
  threadId: string,
  method: string,
  params: object = {},
): Promise<Result> {
  const answer = await command<Success<Result> | Failure>(threadId, method, params);
  if (answer.type === "error") throw new Error(`${method}: ${answer.error}: ${answer.message}`);
  return answer.result;
}

/** Starts a run of the graph "talks" whose user says something. */
export const say = (threadId: string, content: string, more: object = {}): Promise<{ run_id: string }> =>
  succeed(threadId, "run.start", {
    assistant_id: "talks",
    input: { messages: [{ role: "user", content }], ...more },
  });

/** A stream of events. */
export class Events {
  constructor(private readonly reader: EventReader) {}

  static async of(
    threadId: string,
    filter: object = {},
    headers: Record<string, string> = {},
  ): Promise<Events> {
    const body = { channels: ALL, ...filter };
    return new Events(await open("POST", `/threads/${threadId}/stream/events`, body, headers));
  }

  /** Events up to and with the first that `isLast` holds for, and then goes away; by default up to the end of a run. */
  async until(isLast: (event: WireEvent) => boolean = isEnd): Promise<WireEvent[]> {
    const events = await this.reader.until(({ data }) => isLast(data as WireEvent));
    await this.reader.leave();
    return events.map(({ data }) => data as WireEvent);
  }

  async next(): Promise<WireEvent> {
    const event = await this.reader.next();
    if (event === undefined) throw new Error("the stream has ended");
    return event.data as WireEvent;
  }

  leave(): Promise<void> {
    return this.reader.leave();
  }
}

/** Whether it is the end of a run. */
export const isEnd = ({ method, params }: WireEvent): boolean =>
  method === "lifecycle" &&
  params.namespace.length === 0 &&
  !["running", "started"].includes(dataOf({ params }).event as string);

export const dataOf = ({ params }: Pick<WireEvent, "params">): Record<string, unknown> =>
  params.data as Record<string, unknown>;

/** An event in short: its method, and what kind it is of. */
export function brief(event: WireEvent): string {
  const { event: kind, name } = (event.params.data ?? {}) as { event?: string; name?: string };
  const where = event.params.namespace.map((label) => label.replace(/:.*/, "")).join("/");
  return [where, event.method, kind ?? name].filter((part) => part !== undefined && part !== "").join(" ");
}

/** A WebSocket to a thread. */
export class Socket {
  private readonly received: Frame[] = [];
  private readonly waiting: (() => void)[] = [];
  closed: { code: number; reason: string } | undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => {
      this.received.push(JSON.parse(String(data)) as Frame);
      this.wake();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.wake();
    });
    socket.accept();
  }

  static async to(threadId: string, headers: Record<string, string> = {}): Promise<Socket> {
    return new Socket(await webSocket(threadId, headers));
  }

  send(method: string, params: object = {}): number {
    lastId += 1;
    this.sendText(JSON.stringify({ id: lastId, method, params }));
    return lastId;
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  /** Sends a command and returns its answer, which need not be the next frame. */
  async ask<Answer = Success | Failure>(method: string, params: object = {}): Promise<Answer> {
    const id = this.send(method, params);
    return (await this.frame((frame) => frame.type !== "event" && frame.id === id)) as Answer;
  }

  /** Takes out the first frame of its kind, and waits for one when there is none. */
  async frame(isIt: (frame: Frame) => boolean = () => true): Promise<Frame> {
    for (;;) {
      const index = this.received.findIndex(isIt);
      const [found] = index < 0 ? [] : this.received.splice(index, 1);
      if (found !== undefined) return found;
      if (this.closed !== undefined) throw new Error(`closed: ${this.closed.code} ${this.closed.reason}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Takes out the events up to and with the end of a run, and leaves other frames where they are. */
  async untilEnd(): Promise<WireEvent[]> {
    const events: WireEvent[] = [];
    for (;;) {
      const next = (await this.frame(({ type }) => type === "event")) as WireEvent;
      events.push(next);
      if (isEnd(next)) return events;
    }
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    while (this.closed === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.closed;
  }

  close(): void {
    this.socket.close(1000, "enough");
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** Connects, and leaves it to the caller to accept. */
export async function webSocket(threadId: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const response = await exports.default.fetch(
    new Request(`http://edge/threads/${threadId}/stream/events`, {
      headers: { upgrade: "websocket", ...headers },
    }),
  );
  if (response.webSocket === null) throw new Error(`${response.status}: ${await response.text()}`);
  return response.webSocket;
}

/** Waits for the end of a run. */
export async function ended(threadId: string, runId: string): Promise<void> {
  const { status } = await call("GET", `/threads/${threadId}/runs/${runId}/join`);
  if (status !== 200) throw new Error(`join answered ${status}`);
}
