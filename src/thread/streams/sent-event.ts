/** The run and the thread of an event; `runId` is null for an event of the thread alone. */
export interface EventRef {
  runId: string | null;
  threadId: string;
}
/** An event as it was sent. The ids of an object's events rise strictly, also when the object moves to another host. */
export interface SentEvent extends EventRef {
  id: number;
  event: string;
  /** JSON text. */
  data: string;
  /** The event goes to the streams of the thread and not to those of the run. */
  threadOnly?: true;
}
