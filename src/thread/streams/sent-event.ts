/** The run that an event is of; without a run it is of the thread alone. */
export interface EventRef {
  runId: string | null;
  threadId: string;
}
/** An event as it was sent. Ids rise strictly in an object, also from one life of it to the next. */
export interface SentEvent extends EventRef {
  id: number;
  event: string;
  /** JSON. */
  data: string;
  /** For the streams of the thread, not for those of the run. */
  threadOnly?: true;
}
