/** Serializes what a checkpoint saver stores, and loads it again: heads, metadata, writes of tasks, and the values of channels. */
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { CheckpointBuffer } from "./checkpoint-buffer";
import { valuePart } from "./checkpoint-parts";
import type { CheckpointRow } from "./checkpoint-tables";
import type { ListMemory } from "./list-memory";
import { ListStore, type ListPlace } from "./list-store";
import type { Serialized } from "./packed-entries";
import { LIST_TYPE, type Pack } from "./stored-list";

export class ValueCodec {
  readonly #serde: SerializerProtocol;
  readonly #rows: CheckpointBuffer;
  readonly #lists: ListStore;

  /** @param memory remembers long lists from one saver to the next */
  constructor(serde: SerializerProtocol, rows: CheckpointBuffer, memory?: ListMemory) {
    this.#serde = serde;
    this.#rows = rows;
    this.#lists = new ListStore(serde, rows, memory);
  }

  async dump(value: unknown): Promise<Serialized> {
    // The serializer returns bytes as they are. They are copied, because the graph may change them afterwards.
    const [type, bytes] = await this.#serde.dumpsTyped(value instanceof Uint8Array ? value.slice() : value);
    return { type, bytes };
  }

  load<T>({ type, bytes }: Serialized): Promise<T> {
    // The serializer returns bytes as they are. They are copied, because they are a view on the memory of a whole row.
    return this.#serde.loadsTyped(type, type === "json" ? bytes : bytes.slice()) as Promise<T>;
  }

  /** Serializes the value of a channel. @param pack gets the blocks of long lists that are not stored yet */
  dumpChannel(place: ListPlace, value: unknown, pack: Pack): Promise<Serialized> {
    return Array.isArray(value) ? this.#lists.serialize(place, value, pack) : this.dump(value);
  }

  /** The channel values of a checkpoint, by channel, each as a function that loads it. */
  channelsOf(row: CheckpointRow): Map<string, () => Promise<unknown>> {
    const values = new Map<string, () => Promise<unknown>>();
    for (const [channel, value] of row.body.values) {
      values.set(channel, () =>
        value.type === LIST_TYPE ? this.#lists.load({ ...row, channel }, value.bytes) : this.load(value),
      );
    }
    for (const [channel, { origin, type }] of row.largeValues) {
      const key = { ...row, checkpointId: origin };
      values.set(channel, () => this.load({ type, bytes: this.#rows.value(key, valuePart(channel)) }));
    }
    return values;
  }

  /** Forgets the lists that were saved and loaded. For when what was handed to the buffer is not written. */
  forgetLists(): void {
    this.#lists.clear();
  }
}
