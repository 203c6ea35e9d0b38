-- Of a deleted thread its runs are deleted too. Of runs that a cron made, the record stays without any content.
ALTER TABLE runs ADD COLUMN thread_deleted INTEGER NOT NULL DEFAULT 0;
