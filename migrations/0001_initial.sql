-- D1 is the index: searches, counts and lists read it. The truth of a thread, a live run and a cron is its
-- Durable Object; `revision` makes an object's index writes idempotent, so that a late one cannot go backwards.
-- Assistants are the exception: D1 is their truth.

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
  -- How far the calling of its webhook has got, as JSON; null when it has none.
  webhook TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- From when on silence is suspicious, of a run that has not ended: its start if that is to come.
  due_at INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  cron_id TEXT GENERATED ALWAYS AS (json_extract(metadata, '$.cron_id')) VIRTUAL
) WITHOUT ROWID;
CREATE INDEX runs_by_thread ON runs (thread_id, created_at);
CREATE INDEX runs_by_cron ON runs (cron_id, created_at) WHERE cron_id IS NOT NULL;
-- The watchdog's: only runs that have not ended take a row in it.
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
-- The watchdog's: crons that have a next time.
CREATE INDEX crons_by_next_run ON crons (next_run_date) WHERE next_run_date IS NOT NULL;
