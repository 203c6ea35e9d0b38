/** Server-sent events: a run's or a thread's stream as bytes. */
import type { EventLog } from "./event-log";
import type { SentEvent } from "./sent-event";

/** Sent this often when nothing else is, so that nothing in between closes the connection. */
const HEARTBEAT_MS = 5_000;
/** What is handed on at a time. */
const HANDED_ON_BYTES = 1_000_000;
/** What may wait for a client that reads slowly: all that a resumable stream keeps, and something of what follows. */
const MAX_WAITING_LENGTH = 40_000_000;

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
  const waiting: SentEvent[] = [];
  let waitingLength = 0;
  let lastId = 0;
  let ended = false;
  let closed = false;
  let stop = (): void => undefined;

  const take = (event: SentEvent): void => {
    if (ended || event.id <= lastId || !source.wants(event)) return;
    lastId = event.id;
    waiting.push(event);
    waitingLength += event.data.length;
  };
  const handOn = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    for (
      let event = waiting[0];
      event !== undefined && (controller.desiredSize ?? 0) > 0;
      event = waiting[0]
    ) {
      waiting.shift();
      waitingLength -= event.data.length;
      controller.enqueue(encoder.encode(`id: ${event.id}\nevent: ${event.event}\ndata: ${event.data}\n\n`));
    }
    // To hand on the last event may have asked for the next, and closed the stream in here already.
    if (!ended || closed || waiting.length > 0) return;
    closed = true;
    controller.close();
  };
  const end = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (ended) return;
    ended = true;
    stop();
    handOn(controller);
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        for (const event of source.replay) take(event);
        const unlisten = source.log.listen(source.id, (event) => {
          take(event);
          handOn(controller);
          // It may come back and go on where it was, if the stream is resumable.
          if (waitingLength > MAX_WAITING_LENGTH) {
            waiting.length = 0;
            end(controller);
          }
        });
        const heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": heartbeat\n\n"));
        }, HEARTBEAT_MS);
        stop = () => {
          unlisten();
          clearInterval(heartbeat);
        };
        const over = (): void => {
          end(controller);
        };
        source.until?.then(over, over);
      },
      pull: handOn,
      cancel() {
        ended = true;
        stop();
        source.onDisconnect?.();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HANDED_ON_BYTES }),
  );
}
