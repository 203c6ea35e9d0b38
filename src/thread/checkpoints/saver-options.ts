/** The options of the checkpoint saver. */
import type { ListMemory } from "./list-memory";

export interface CheckpointSaverOptions {
  /** The run that writes the checkpoints. It is stored with them, for `latestOfRun` and `deleteRun`. */
  runId?: string | undefined;
  /** Added to the metadata of each checkpoint, so that checkpoints can be found by it. */
  metadata?: Record<string, unknown> | undefined;
  /** Whether checkpoints are collected in memory, and written when the graph waits for I/O or `flush` is called. */
  buffered?: boolean | undefined;
  /** Called before each transaction that writes checkpoints. */
  beforeFlush?: (() => void) | undefined;
  /** Called in each transaction that writes checkpoints, so that the caller can write rows of its own in it. */
  onFlush?: (() => void) | undefined;
  /** Whether the object may have rows of the thread's checkpoints. Undefined: it may. */
  isStored?: (() => boolean) | undefined;
  /** Remembers long lists from one saver of the object to the next, so that they need not be deserialized again. */
  lists?: ListMemory | undefined;
}
