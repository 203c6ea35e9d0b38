-- The crons that runs of crons made. All that come from one first cron are a chain, which may have only so many crons at a time. A row is
-- written before the cron is made and removed with it, so that no two runs can both make the last one that is allowed.
CREATE TABLE cron_chains (
  cron_id TEXT PRIMARY KEY,
  -- The id of the first cron, which is in no chain itself.
  chain_id TEXT NOT NULL,
  -- Ms since the epoch.
  joined_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX cron_chains_by_chain ON cron_chains (chain_id);
