/** The stream of a run or a thread as the bytes of server-sent events. */
import type { Listener } from "./event-log";
import type { SentEvent } from "./sent-event";

/** A heartbeat is sent this often, so that no proxy closes an idle connection. */
const HEARTBEAT_MS = 5_000;
/** Bytes that are given to the reader ahead of its reading. */
const READ_AHEAD_BYTES = 1_000_000;
/** Characters that may wait for a slow client: more than a resumable run keeps. A slower client is disconnected. */
const MAX_WAITING_LENGTH = 40_000_000;

const encoder = new TextEncoder();

/** What a stream sends, and when it ends. */
export interface StreamSource {
  /** Begins to listen. @returns a function that ends it */
  listen: (listener: Listener) => () => void;
  /** Earlier events with which the stream begins. */
  replay: SentEvent[];
  /** Whether the stream includes an event. */
  includes: (event: SentEvent) => boolean;
  /** Whether the client is sent a comment at once: it goes on only when the answer has begun, and there may be no event for long. */
  opensAtOnce?: boolean;
  /** The stream ends when this promise settles. Without it the stream never ends, as that of a thread. */
  ended?: Promise<unknown>;
  /** Called when the client disconnects before the stream has ended. */
  onDisconnect?: () => void;
}

/** The stream of a source: first the replayed events, then the live ones, each event once. */
export function eventStream(source: StreamSource): ReadableStream<Uint8Array> {
  const waiting: SentEvent[] = [];
  let waitingLength = 0;
  let lastId = 0;
  let ended = false;
  let closed = false;
  /** Stops listening and the heartbeat. */
  let stop = (): void => undefined;

  /** Queues an event for the client, unless the stream has it already or leaves it out. */
  const queueEvent = (event: SentEvent): void => {
    if (ended || event.id <= lastId || !source.includes(event)) return;
    lastId = event.id;
    waiting.push(event);
    waitingLength += event.data.length;
  };
  /** Sends queued events for as long as the client has room for them, and closes the stream after the last one. */
  const sendQueued = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    for (
      let event = waiting[0];
      event !== undefined && (controller.desiredSize ?? 0) > 0;
      event = waiting[0]
    ) {
      waiting.shift();
      waitingLength -= event.data.length;
      const id = event.protocol?.eventId ?? event.id;
      controller.enqueue(encoder.encode(`id: ${id}\nevent: ${event.event}\ndata: ${event.data}\n\n`));
    }
    // `enqueue` may have called this function again, which then closed the stream already.
    if (!ended || closed || waiting.length > 0) return;
    closed = true;
    controller.close();
  };
  /** Takes no more events. The stream closes when the queued ones are sent. */
  const end = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (ended) return;
    ended = true;
    stop();
    sendQueued(controller);
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (source.opensAtOnce === true) controller.enqueue(encoder.encode(": open\n\n"));
        for (const event of source.replay) queueEvent(event);
        const unlisten = source.listen((event) => {
          queueEvent(event);
          sendQueued(controller);
          // The client is too slow. It can connect again and go on where it was, if the stream is resumable.
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
        const endStream = (): void => {
          end(controller);
        };
        source.ended?.then(endStream, endStream);
      },
      pull: sendQueued,
      cancel() {
        ended = true;
        stop();
        source.onDisconnect?.();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }),
  );
}
