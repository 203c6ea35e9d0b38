-- When a thread is deleted, its runs are deleted too. A run that a cron made keeps a row without content, marked by this column.
ALTER TABLE runs ADD COLUMN thread_deleted INTEGER NOT NULL DEFAULT 0;

-- Threads that were deleted within the last hour. A late write of such a thread, or of its runs, must not bring it back.
CREATE TABLE deleted_threads (
  thread_id TEXT NOT NULL PRIMARY KEY,
  deleted_at INTEGER NOT NULL
) WITHOUT ROWID;
