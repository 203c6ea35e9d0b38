/**
 * What fields mean, beyond what their schemas say. The key is the field's name, or `Component.field` it means
 * something else there. Without a component it is a field of requests.
 */
import type { JsonSchema } from "../platform/json";

/** `schema` stands in place of the field's own, where that parses text which stands for another type. */
export interface Note {
  description?: string;
  format?: string;
  schema?: JsonSchema;
}

const FILTER = "Only those whose metadata contain all of this.";
const STATE_SELECT = "Only these fields of a state; `values.<key>` is one of its values.";
const STREAM_NAMESPACE =
  "Of subgraphs, only the events of these: their labels joined by `|`, empty for the root.";
const LAST_EVENT = "As the header `Last-Event-ID`, which comes first.";
const VALUES_FILTER = "Only those whose values contain all of this.";

export const notes: Readonly<Record<string, Note | undefined>> = {
  alert_webhook: {
    description:
      "Posted to when a run of the cron fails, a slot is missed or the cron is paused by the server; retried, and signed like other webhooks.",
  },
  after_seconds: { description: "The run starts only after so many seconds." },
  agent_id: { description: "Another name of `assistant_id`." },
  as_node: { description: "The node that the update is taken to come from." },
  assistant_id: {
    description: "The id of an assistant, or of a graph, which stands for its default assistant.",
  },
  before: { description: "Only what is older than this checkpoint." },
  cancel_on_disconnect: { description: "Whether the run is cancelled when the client goes away." },
  catchup: {
    description:
      "What is done about slots that came due while the server did not run: nothing, the latest is run, or all are, one after the other.",
  },
  catchup_window_seconds: { description: "Slots later than this are not made up for." },
  checkpoint: { description: "The checkpoint to start from, in place of the latest." },
  checkpoint_during: { description: "The older form of `durability`: true is `async`, false is `exit`." },
  checkpoint_id: { description: "The checkpoint to start from, in place of the latest." },
  command: {
    description: "What to go on with in place of an input: an update, the answer to an interrupt, a node.",
  },
  config: { description: "The configuration of the graph." },
  context: { description: "The static context of the graph." },
  count: { description: "How many." },
  cron_id: { description: "The id that the cron is to have; one is made otherwise." },
  durability: { description: "When the state is written: at each step, behind it, or at the end." },
  enabled: { description: "Whether it fires." },
  end_time: {
    description: "No slot at or after it fires. Without an offset it is UTC.",
    format: "date-time",
  },
  end: { description: "The end of the period, itself not in it.", format: "date-time" },
  extract: {
    description:
      "What is told of each besides, as `extracted`: paths into its values, metadata, config or interrupts, by names.",
  },
  feedback_keys: { description: "Accepted without effect." },
  if_exists: {
    description: "What to do when there is one with this id: answer 409, or answer with that one.",
  },
  history_limit: {
    description: "Slots that the ledger keeps; the runs of older ones leave the history with them.",
  },
  if_not_exists: { description: "What to do when there is no such thread." },
  input: { description: "The input of the graph." },
  jitter_seconds: { description: "Each slot is delayed by up to this, by the same time for the same slot." },
  keep_threads: {
    description:
      "Of the threads that a stateless cron keeps, so many of the newest stay; those that run or wait for an answer stay too.",
  },
  raise_error: { description: "Accepted without effect: what the client does when the run has failed." },
  langsmith_tracer: { description: "Accepted without effect." },
  langsmith_tracing: { description: "Accepted without effect." },
  interrupt_after: { description: "Nodes after which the run stops; `*` is all." },
  interrupt_before: { description: "Nodes before which the run stops; `*` is all." },
  max_attempts: { description: "Attempts at one run, the first included." },
  max_concurrency: { description: "How many nodes run at a time." },
  max_runs: { description: "Runs in the life of the cron; slots past it are skipped." },
  max_tokens_per_day: {
    description: "Tokens, in and out, in a day of UTC; when they are used up its further slots are skipped.",
  },
  max_tokens_per_month: { description: "The same for a month of UTC." },
  max_depth: { description: "Namespaces are cut off after so many labels." },
  multitask_strategy: { description: "What to do when the thread is busy with another run." },
  namespace: { description: "Its labels: at least one, none of them empty or with a period." },
  note: { description: "Why, in words of your own." },
  offset: { description: "How many to leave out." },
  limit: { description: "How many at most." },
  on_completion: { description: "For a stateless run: what becomes of its thread afterwards." },
  on_disconnect: { description: "What becomes of the run when the client that waits for it goes away." },
  on_run_completed: { description: "What becomes of the thread of each firing when its run has ended." },
  recurse: { description: "Also the subgraphs of subgraphs." },
  recursion_limit: { description: "After so many steps the run ends with an error." },
  refresh_ttl: { description: "Whether reading gives an item its full time to live again." },
  pause_after_failures: { description: "The cron is paused after so many failed runs in a row." },
  retry_delay_seconds: {
    description: "The wait before the second attempt; it doubles with each, up to an hour.",
  },
  run_timeout_seconds: {
    description: "How long one attempt may take, if that is less than the server allows.",
  },
  start: { description: "The start of the period.", format: "date-time" },
  schedule: {
    description: "A cron expression of five fields, or of six with seconds first, in `timezone`.",
  },
  select: { description: "Only these fields of each." },
  strategy: { description: "Whether threads are deleted, or keep only their latest state." },
  stream_mode: { description: "What is streamed." },
  strict_resume: {
    description:
      "Whether the run fails, and leaves the thread as it was, if its answer is to no waiting interrupt.",
  },
  stream_resumable: { description: "Whether events are kept, so that a stream can be gone on with." },
  stream_subgraphs: { description: "Whether what subgraphs stream is streamed too." },
  subgraphs: { description: "Whether the state of subgraphs is told too." },
  supersteps: { description: "States to begin with, each by the updates that led to it." },
  thread_ttl: { description: "The time to live of the threads that the cron makes and keeps." },
  timezone: { description: "An IANA time zone; UTC without one." },
  ttl: { description: "Minutes to live, alone or with what to do then." },
  wait: { description: "Whether to answer only when the run has ended." },
  webhook: { description: "The finished run is sent to this URL.", format: "uri" },

  "AssistantCount.metadata": { description: FILTER },
  "AssistantCreate.assistant_id": { description: "Its id; without one, a new id." },
  "AssistantPatch.metadata": { description: "Merged into what is there." },
  "AssistantSearch.metadata": { description: FILTER },
  "AssistantVersionsList.metadata": { description: FILTER },
  "CheckpointRead.checkpoint": { description: "Where the state is." },
  "Cron.next_run_date": { description: "The slot that fires next; null when it does not fire any more." },
  "Cron.payload": { description: "The fields of the run that each firing makes." },
  "Cron.thread_id": { description: "Null for a stateless cron: each firing then has a thread of its own." },
  "Cron.user_id": { description: "Always null: there are no users." },
  "CronCount.metadata": { description: FILTER },
  "CronPatch.end_time": { description: "As at creation; null removes it.", format: "date-time" },
  "CronCreate.if_exists": {
    description:
      "When there is a cron with this id: answer 409, leave it as it is, or change it as PATCH does.",
  },
  "CronCreate.multitask_strategy": {
    description: "What to do when an earlier run has not ended; without it they run side by side.",
  },
  "CronPatch.multitask_strategy": {
    description: "What to do when an earlier run has not ended; null lets them run side by side.",
  },
  "CronPatch.metadata": { description: "Merged into what is there." },
  "CronPreview.count": { description: "How many times are listed; 5 without it." },
  "CronRunNow.metadata": { description: "Merged into the cron's own." },
  "CronSkip.count": { description: "How many; 0 takes back what was skipped by hand before." },
  "ThreadCronCreate.if_exists": {
    description:
      "When there is a cron with this id: answer 409, leave it as it is, or change it as PATCH does.",
  },
  "CronPatch.timezone": { description: "As at creation; null is UTC." },
  "CronSearch.metadata": { description: FILTER },
  "HistoryQuery.before": { description: "Only states older than this checkpoint." },
  "HistorySearch.checkpoint": { description: "Only the state there and older ones." },
  "ItemPut.index": { description: "Accepted without effect: items are not embedded." },
  "ItemPut.ttl": { description: "Minutes to live; null is for good." },
  "ItemQuery.namespace": { description: "Its labels, as several parameters, or joined by periods." },
  "ItemSearch.filter": {
    description: "Only items whose values match; `$eq`, `$ne`, `$in`, `$nin`, `$gt`, `$gte`, `$lt`, `$lte`.",
  },
  "ItemSearch.query": { description: "Accepted without effect: there are no embeddings to search by." },
  "JoinStreamQuery.checkpoint_id": { description: "Accepted without effect." },
  "JoinStreamQuery.last_event_id": { description: LAST_EVENT },
  "JoinStreamQuery.namespace": { description: STREAM_NAMESPACE },
  "LatestQuery.version": { schema: { type: "integer", minimum: 0 }, description: "If the body has none." },
  "OkQuery.check_db": { description: "1: only if D1 answers too." },
  "GraphQuery.xray": {
    schema: { type: ["boolean", "integer"] },
    description: "Whether subgraphs are drawn in place of their nodes, or down to which depth.",
  },
  "Run.attempts": { description: "How often its execution was begun." },
  "Run.usage": { description: "The tokens that it used in all attempts, only if a model told of any." },
  "Run.error": {
    description: "What went wrong, only if something did; also while it waits to be tried again.",
  },
  "Run.webhook": { description: "Only if it has one." },
  "RunConfig.metadata": { description: "Goes with what the run traces." },
  "RunSearch.metadata": { description: FILTER },
  "RunsCancel.status": { description: "All runs of this status." },
  "RunsCancel.run_ids": { description: "These runs." },
  "CancelQuery.reason": { description: "Accepted without effect." },
  "SlotQuery.before": { description: "Only slots before it.", format: "date-time" },
  "Slot.lateness_ms": { description: "How long after its time its run was enqueued, or it was given up." },
  "CronFigures.start_lateness_ms": {
    description: "From the scheduled time to the start of the run, which may wait after it was enqueued.",
  },
  "Slot.reason": { description: "Why there is no run." },
  "Slot.status": {
    description:
      "`pending` is claimed, its run being enqueued. The others are final, but for a `fired` slot whose run is rolled back.",
  },
  "CheckpointRead.select": { description: STATE_SELECT },
  "HistoryQuery.select": { description: STATE_SELECT },
  "HistorySearch.select": { description: STATE_SELECT },
  "StateQuery.select": { description: STATE_SELECT },
  "StateUpdate.checkpoint": { description: "The state to add to, in place of the latest." },
  "StateUpdate.checkpoint_id": { description: "The state to add to, in place of the latest." },
  "StateUpdate.values": { description: "What the node returns; null for nothing." },
  "StreamQuery.namespace": { description: STREAM_NAMESPACE },
  "Thread.config": { description: "What its runs were configured with, that of the last on top." },
  "Thread.interrupts": { description: "What waits for an answer, by task." },
  "Thread.values": { description: "The values of its state; null before the first run." },
  "ThreadCount.metadata": { description: FILTER },
  "ThreadCount.values": { description: VALUES_FILTER },
  "ThreadPatch.metadata": { description: "Merged into what is there." },
  "ThreadPatch.ttl": { description: "As at creation; null removes it." },
  "ThreadStreamQuery.last_event_id": { description: LAST_EVENT },
  "ThreadStreamQuery.stream_mode": { description: "Another name of `stream_modes`." },
  "ThreadStreamQuery.stream_modes": { description: "Which events are streamed." },
  "ThreadSearch.metadata": { description: FILTER },
  "ThreadSearch.values": { description: VALUES_FILTER },
};
