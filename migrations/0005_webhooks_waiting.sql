-- The watchdog reads this SQL index. It holds only the runs whose webhook is still to be called.
CREATE INDEX runs_calling ON runs (due_at) WHERE json_extract(webhook, '$.status') = 'pending';
