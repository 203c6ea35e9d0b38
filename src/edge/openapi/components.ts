/** The names that schemas have in the document. */
import { z } from "zod";
import * as wire from "../../wire/answers";
import * as assistants from "../../wire/assistants";
import * as crons from "../../wire/crons/cron";
import * as fields from "../../wire/fields";
import { uuid } from "../../wire/fields";
import * as runs from "../../wire/runs/run";
import * as states from "../../wire/threads/state";
import * as store from "../../wire/store/item";
import * as threads from "../../wire/threads/thread";
import { okQuery } from "../system";

/** What clients send in bodies, and parts of it. */
export const requests: Readonly<Record<string, z.ZodType>> = {
  AssistantCount: assistants.assistantCount,
  AssistantCreate: assistants.assistantCreate,
  AssistantId: fields.assistantId,
  AssistantLatest: assistants.latestBody,
  AssistantPatch: assistants.assistantPatch,
  AssistantSearch: assistants.assistantSearch,
  AssistantVersionsList: assistants.versionList,
  CheckpointRead: states.checkpointRead,
  Command: runs.command,
  CronBackfill: crons.backfill,
  CronCount: crons.cronCount,
  CronCreate: crons.cronCreate,
  CronNote: crons.noted,
  CronPatch: crons.cronPatch,
  CronPreview: crons.preview,
  CronRunNow: crons.runNow,
  CronSearch: crons.cronSearch,
  CronSkip: crons.skipNext,
  HistorySearch: threads.historySearch,
  ItemDelete: store.itemDelete,
  ItemPut: store.itemPut,
  ItemSearch: store.itemSearch,
  NamespaceList: store.namespaceList,
  RunBatch: runs.runBatch,
  RunConfig: runs.runConfig,
  RunCreate: runs.runCreate,
  RunSearch: runs.runSearch,
  RunsCancel: runs.runsCancel,
  RunWait: runs.runWait,
  StateUpdate: states.stateUpdate,
  Superstep: states.superstep,
  ThreadCount: threads.threadCount,
  ThreadCreate: threads.threadCreate,
  ThreadCronCreate: crons.threadCronCreate,
  ThreadPatch: threads.threadPatch,
  ThreadSearch: threads.threadSearch,
  ThreadsPrune: states.threadPrune,
  Uuid: uuid,
};

/** What clients send in query strings: each is spread into parameters. */
export const queries: Readonly<Record<string, z.ZodType>> = {
  AssistantDeleteQuery: assistants.deleteQuery,
  CancelQuery: runs.cancelQuery,
  GraphQuery: assistants.graphQuery,
  HistoryQuery: threads.historyQuery,
  ItemQuery: store.itemGet,
  JoinQuery: runs.joinQuery,
  JoinStreamQuery: runs.joinStreamQuery,
  LatestQuery: assistants.latestQuery,
  OkQuery: okQuery,
  RunList: runs.runList,
  SlotQuery: crons.slotList,
  StateQuery: threads.stateQuery,
  StreamQuery: runs.streamQuery,
  SubgraphsQuery: assistants.subgraphsQuery,
  ThreadStreamQuery: runs.threadStreamQuery,
};

/** What the server answers with. */
export const answers: Readonly<Record<string, z.ZodType>> = {
  Assistant: wire.assistant,
  Checkpoint: wire.checkpoint,
  Cron: wire.cron,
  CronFigures: wire.cronFigures,
  CronSwitch: wire.cronSwitch,
  Failure: wire.failure,
  FoundItem: wire.foundItem,
  FoundThread: wire.foundThread,
  GraphDrawing: wire.graphDrawing,
  GraphSchemas: wire.graphSchemas,
  Interrupt: wire.interrupt,
  NestedState: wire.nestedState,
  Item: wire.item,
  Run: wire.run,
  RunError: wire.runError,
  RunFailure: wire.runFailure,
  RunStatus: wire.runStatus,
  ServerInfo: wire.serverInfo,
  SchedulePreview: wire.schedulePreview,
  Slot: wire.slot,
  StateTask: wire.stateTask,
  SubgraphSchemas: wire.subgraphSchemas,
  Thread: wire.thread,
  ThreadState: wire.threadState,
  ThreadStatus: wire.threadStatus,
  TokenUsage: wire.tokenUsage,
  WebhookDelivery: wire.webhookDelivery,
};
