/** Reads server-sent events as a client does: one after the other, and goes away when it likes. */
import { exports } from "cloudflare:workers";

export interface ReceivedEvent {
  id: string;
  event: string;
  data: unknown;
}

/** An open stream. */
export class EventReader {
  private readonly reader: ReadableStreamDefaultReader<string>;
  private text = "";

  constructor(readonly response: Response) {
    if (response.body === null) throw new Error("a response without a body");
    this.reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; undefined when the stream has ended. */
  async next(): Promise<ReceivedEvent | undefined> {
    for (;;) {
      const end = this.text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        const event = parse(block);
        if (event !== undefined) return event;
        continue;
      }
      const { done, value } = await this.reader.read();
      if (done) return undefined;
      this.text += value;
    }
  }

  /** Events up to and with the first that `isLast` holds for, or all. */
  async until(isLast: (event: ReceivedEvent) => boolean = () => false): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = [];
    for (let event = await this.next(); event !== undefined; event = await this.next()) {
      events.push(event);
      if (isLast(event)) break;
    }
    return events;
  }

  /** Goes away. */
  async leave(): Promise<void> {
    await this.reader.cancel();
  }
}

/** Opens a stream at the edge. */
export async function open(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const response = await exports.default.fetch(
    new Request(`http://edge${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  );
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return new EventReader(response);
}

function parse(block: string): ReceivedEvent | undefined {
  const fields = new Map(
    block
      .split("\n")
      .filter((line) => !line.startsWith(":"))
      .map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  );
  const event = fields.get("event");
  if (event === undefined) return undefined;
  return { id: fields.get("id") ?? "", event, data: JSON.parse(fields.get("data") ?? "null") };
}
