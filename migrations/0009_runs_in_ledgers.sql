-- The object of a cron lists the cron's runs from its own ledger. So a run that is in a ledger needs no row in an SQL index of crons,
-- which saves a row for each firing. See docs/decisions/0025-a-cron-lists-its-runs-itself.md.

-- 1 when the ledger of the cron that made the run has it. 0 when no cron made the run, although its metadata may name one, when the
-- cron is deleted, and for runs from before this migration.
ALTER TABLE runs ADD COLUMN in_ledger INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_in_no_ledger ON runs (cron_id, created_at) WHERE in_ledger = 0 AND cron_id IS NOT NULL;
DROP INDEX runs_by_cron;
