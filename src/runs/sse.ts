/** Server-sent events: a run's or a thread's stream as bytes. */
import type { EventLog, SentEvent } from "./event-log";

/** Sent this often when nothing else is, so that nothing in between closes the connection. */
const HEARTBEAT_MS = 5_000;
/** What may wait for a client that does not read. */
const MAX_WAITING_BYTES = 16_000_000;

const encoder = new TextEncoder();

/** What a stream is made of. */
export interface StreamSource {
  log: EventLog;
  /** The run, or the thread, that is heard. */
  id: string;
  /** Kept events that come first. */
  replay: SentEvent[];
  /** Whether an event is wanted. */
  wants: (event: SentEvent) => boolean;
  /** The stream ends with it; a thread's never does. */
  until?: Promise<unknown>;
  /** The client went away before the end. */
  onDisconnect?: () => void;
}

/** The stream: first what is replayed, then what happens, each event once. */
export function eventStream(source: StreamSource): ReadableStream<Uint8Array> {
  let stop = (): void => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let lastId = 0;
        const send = (event: SentEvent): void => {
          if (event.id <= lastId || !source.wants(event)) return;
          lastId = event.id;
          controller.enqueue(
            encoder.encode(`id: ${event.id}\nevent: ${event.event}\ndata: ${event.data}\n\n`),
          );
          if ((controller.desiredSize ?? 0) < 0) {
            stop();
            controller.error(new Error("the client does not read its stream"));
          }
        };
        const unlisten = source.log.listen(source.id, send);
        const heartbeat = setInterval(() => {
          controller.enqueue(encoder.encode(": heartbeat\n\n"));
        }, HEARTBEAT_MS);
        stop = () => {
          stop = () => undefined;
          unlisten();
          clearInterval(heartbeat);
        };
        for (const event of source.replay) send(event);
        const close = (): void => {
          if (source.until === undefined) return;
          stop();
          try {
            controller.close();
          } catch {
            // The client was faster.
          }
        };
        source.until?.then(close, close);
      },
      cancel() {
        stop();
        source.onDisconnect?.();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  );
}

/** Whether an event belongs to one of the modes: `messages/partial` to `messages`, `values|child` to `values`. */
export function isOfMode({ event }: SentEvent, modes: readonly string[]): boolean {
  const [mode = ""] = event.split(/[|/]/);
  if (mode === "metadata" || mode === "error" || mode === "feedback") return true;
  return modes.includes(mode === "messages" && !event.includes("/") ? "messages-tuple" : mode);
}
