-- The index: searches, counts and lists read these tables. Threads, crons and runs that have not ended are kept in their
-- Durable Objects, which write copies to D1. Each copy has a `revision`, which grows with each change of the original. A write
-- changes nothing when the row has the same or a higher revision, so a write that is late or repeated does no harm.
-- Assistants are kept in D1 only.

CREATE TABLE assistants (
  assistant_id TEXT NOT NULL PRIMARY KEY,
  graph_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  config TEXT NOT NULL,
  context TEXT NOT NULL,
  metadata TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE assistant_versions (
  assistant_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  graph_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  config TEXT NOT NULL,
  context TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (assistant_id, version)
) WITHOUT ROWID;

CREATE TABLE threads (
  thread_id TEXT NOT NULL PRIMARY KEY,
  status TEXT NOT NULL,
  metadata TEXT NOT NULL,
  config TEXT NOT NULL,
  "values" TEXT,
  interrupts TEXT NOT NULL,
  error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX threads_by_creation ON threads (created_at);

CREATE TABLE runs (
  run_id TEXT NOT NULL PRIMARY KEY,
  thread_id TEXT NOT NULL,
  assistant_id TEXT NOT NULL,
  status TEXT NOT NULL,
  metadata TEXT NOT NULL,
  kwargs TEXT NOT NULL,
  multitask_strategy TEXT NOT NULL,
  error TEXT,
  -- JSON that says how far the calls of the webhook of the run have got. Null when the run has no webhook.
  webhook TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- The latest of three instants (ms): the start of the run, its last change, and the next call of its webhook. When D1 hears
  -- nothing of the run for two minutes after it, the watchdog pokes the object of its thread.
  due_at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  cron_id TEXT GENERATED ALWAYS AS (json_extract(metadata, '$.cron_id')) VIRTUAL
) WITHOUT ROWID;
CREATE INDEX runs_by_thread ON runs (thread_id, created_at);
CREATE INDEX runs_by_cron ON runs (cron_id, created_at) WHERE cron_id IS NOT NULL;
-- The watchdog reads this SQL index. It holds only the runs that have not ended, so ended runs cost nothing.
CREATE INDEX runs_unfinished ON runs (due_at) WHERE status IN ('pending', 'running');

CREATE TABLE crons (
  cron_id TEXT NOT NULL PRIMARY KEY,
  assistant_id TEXT NOT NULL,
  thread_id TEXT,
  schedule TEXT NOT NULL,
  timezone TEXT,
  end_time INTEGER,
  enabled INTEGER NOT NULL,
  on_run_completed TEXT,
  payload TEXT NOT NULL,
  metadata TEXT NOT NULL,
  next_run_date INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  revision INTEGER NOT NULL
) WITHOUT ROWID;
-- The watchdog reads this SQL index. It holds only the crons that have a next slot.
CREATE INDEX crons_by_next_run ON crons (next_run_date) WHERE next_run_date IS NOT NULL;
