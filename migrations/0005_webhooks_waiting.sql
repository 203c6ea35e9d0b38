-- The watchdog's: only runs whose webhook waits take a row in it.
CREATE INDEX runs_calling ON runs (due_at) WHERE json_extract(webhook, '$.status') = 'pending';
