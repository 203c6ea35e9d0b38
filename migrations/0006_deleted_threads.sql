-- Of a deleted thread its runs are deleted too. Of runs that a cron made, the record stays without any content.
ALTER TABLE runs ADD COLUMN thread_deleted INTEGER NOT NULL DEFAULT 0;

-- Threads that were deleted a short while ago: a write of them, or of their runs, that comes late is not to bring them back.
CREATE TABLE deleted_threads (
  thread_id TEXT NOT NULL PRIMARY KEY,
  deleted_at INTEGER NOT NULL
) WITHOUT ROWID;
