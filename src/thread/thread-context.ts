/**
 * The resources of a thread object. Every part of the object (see `thread-do.ts`) gets this one context: the platform's state
 * and bindings, the object's tables, and its alarm.
 */
import { isStanding } from "../calls/thread-id";
import type { Env } from "../platform/config";
import { ObjectSchema } from "../platform/object-schema";
import { ListMemory } from "./checkpoints/list-memory";
import type { StoredThread } from "./record/thread-row";
import { noThread, ThreadStore } from "./record/thread-store";
import type { RunFeed } from "./protocol/run-feed";
import { AnsweredReports } from "./runs/answered-reports";
import { RecentEnds } from "./runs/recent-ends";
import { ReportStore } from "./runs/report-store";
import type { StoredRun } from "./runs/run-row";
import { RunStore } from "./runs/run-store";
import { UnstoredRuns } from "./runs/unstored-runs";
import { THREAD_SCHEMA, THREAD_TABLE } from "./schema";
import { SparseTable } from "./sparse-table";
import { EventLog } from "./streams/event-log";
import { ThreadAlarm } from "./thread-alarm";
import { Traces } from "./traces/traces";
import { WebhookStore } from "./webhooks/webhook-store";
import { WebhookValues } from "./webhooks/webhook-values";

/** The key under which a standing object remembers that it is one. */
const STANDING_KEY = "standing";

export class ThreadContext {
  readonly storage: DurableObjectStorage;
  /** Runs on temporary threads that have begun and have no row yet. */
  readonly unstoredRuns: UnstoredRuns;
  /** The rows of the threads. */
  readonly threads: ThreadStore;
  /** The rows of the runs. */
  readonly runs: RunStore;
  /** The reports that are still to be sent to crons; they are columns of the runs' rows. */
  readonly reportStore: ReportStore;
  /** The reports that crons get as the answer to enqueuing a run. */
  readonly answeredReports = new AnsweredReports();
  /** The runs of crons that have ended here lately. */
  readonly recentEnds = new RecentEnds();
  /** The webhooks that are still to be called; they are columns of the runs' rows. */
  readonly webhookStore: WebhookStore;
  /** The values of ended runs that webhooks are still to send. */
  readonly webhookValues: WebhookValues;
  /** The events that runs stream, and those who listen to them. */
  readonly events: EventLog;
  /** What makes the events of the thread protocol for the runs that are executing, by the ids of their threads. */
  readonly feeds = new Map<string, RunFeed>();
  /** The traces of runs, which go to LangSmith. */
  readonly traces: Traces;
  /** The long lists of the runs' states. */
  readonly lists = new ListMemory();
  readonly alarm: ThreadAlarm;
  private readonly schema: ObjectSchema;
  /** Whether this host has read that the object is marked as standing. The mark is never taken away. */
  private isKnownStanding = false;
  private readonly threadsTable: SparseTable;
  private readonly runsTable: SparseTable;

  /**
   * @param state what the platform gives the object: its id, its storage, and `waitUntil`
   * @param env the Worker's bindings and settings
   */
  constructor(
    readonly state: DurableObjectState,
    readonly env: Env,
  ) {
    this.storage = state.storage;
    const { sql } = this.storage;
    this.threadsTable = new SparseTable(sql, "threads");
    this.runsTable = new SparseTable(sql, "runs");
    this.unstoredRuns = new UnstoredRuns(this.storage, this.threadsTable, this.runsTable);
    this.threads = new ThreadStore(sql, this.threadsTable, this.unstoredRuns);
    this.runs = new RunStore(sql, this.runsTable, this.unstoredRuns);
    this.reportStore = new ReportStore(sql, this.runsTable);
    this.webhookStore = new WebhookStore(sql, this.runsTable);
    this.webhookValues = new WebhookValues(this.storage);
    this.events = new EventLog(this.storage);
    this.traces = new Traces(state);
    this.alarm = new ThreadAlarm(state);
    this.schema = new ObjectSchema(this.storage, THREAD_SCHEMA, THREAD_TABLE);
  }

  /**
   * Whether the object has its tables. An object without tables holds nothing, and none of the stores may be asked. Whoever
   * awaits something asks again afterwards, because the object may have been emptied meanwhile.
   * @throws server.misconfigured when a later version of the server wrote the object
   */
  hasTables(): boolean {
    if (!this.schema.exists()) return false;
    // Every use of the object begins here, so no row has been deleted yet.
    this.threadsTable.askOnce();
    this.runsTable.askOnce();
    return true;
  }

  /** Makes the tables, if the object has none. */
  createTables(): void {
    this.schema.create();
    this.hasTables();
  }

  /** The thread. @throws thread.not_found */
  requireThread(threadId: string): StoredThread {
    // A request for a thread that does not exist must not create tables.
    if (!this.hasTables()) throw noThread(threadId);
    this.unstoredRuns.storeThread(threadId);
    return this.threads.require(threadId);
  }

  /** The run as this object has it; undefined when it has none, also because D1 has the run and its end already. */
  storedRun(runId: string): StoredRun | undefined {
    return this.hasTables() ? this.runs.get(runId) : undefined;
  }

  /** Marks this object as standing, if its name says so. A standing object stays when its last thread is removed. */
  markStanding(): void {
    if (isStanding(this.state.id.name ?? "") && !this.isMarkedStanding())
      this.storage.kv.put(STANDING_KEY, true);
  }

  private isMarkedStanding(): boolean {
    this.isKnownStanding ||= this.storage.kv.get(STANDING_KEY) === true;
    return this.isKnownStanding;
  }

  /** Deletes everything that the object stores, if it has no thread and no run left and is no standing object. */
  async emptyIfUnused(): Promise<void> {
    if (!this.hasTables() || !this.threads.isEmpty() || !this.runs.isEmpty()) return;
    if (this.isMarkedStanding()) return;
    this.schema.forget();
    this.events.noteTableDropped();
    this.webhookValues.noteTableDropped();
    this.alarm.forget();
    // This deletes the alarm, too.
    await this.storage.deleteAll();
  }
}
