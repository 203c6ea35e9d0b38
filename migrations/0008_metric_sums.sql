-- Sums for GET /metrics, by assistant, so that it does not read every cron and every run. See docs/decisions/0019-searches-walk-along-indexes.md.

-- Of the crons that there are. Triggers keep it. A firing that goes well changes none of these figures, and writes no row here.
CREATE TABLE cron_sums (
  assistant_id TEXT NOT NULL PRIMARY KEY,
  enabled INTEGER NOT NULL,
  paused INTEGER NOT NULL,
  -- Crons whose last run failed.
  failing INTEGER NOT NULL,
  -- Slots.
  skipped INTEGER NOT NULL,
  missed INTEGER NOT NULL,
  rolled_back INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO cron_sums
  SELECT assistant_id, sum(enabled), sum(1 - enabled), sum(coalesce(figures ->> '$.failures_in_a_row', 0) > 0),
    sum(coalesce(figures ->> '$.slots.skipped', 0)), sum(coalesce(figures ->> '$.slots.missed', 0)),
    sum(coalesce(figures ->> '$.slots.rolled_back', 0))
  FROM crons GROUP BY assistant_id;

CREATE TRIGGER cron_sums_insert AFTER INSERT ON crons
BEGIN
  INSERT INTO cron_sums VALUES (new.assistant_id, new.enabled, 1 - new.enabled,
    coalesce(new.figures ->> '$.failures_in_a_row', 0) > 0, coalesce(new.figures ->> '$.slots.skipped', 0),
    coalesce(new.figures ->> '$.slots.missed', 0), coalesce(new.figures ->> '$.slots.rolled_back', 0))
  ON CONFLICT (assistant_id) DO UPDATE SET enabled = enabled + excluded.enabled, paused = paused + excluded.paused,
    failing = failing + excluded.failing, skipped = skipped + excluded.skipped, missed = missed + excluded.missed,
    rolled_back = rolled_back + excluded.rolled_back;
END;

CREATE TRIGGER cron_sums_update AFTER UPDATE OF enabled, figures ON crons
WHEN old.enabled <> new.enabled
  OR (coalesce(old.figures ->> '$.failures_in_a_row', 0) > 0) <> (coalesce(new.figures ->> '$.failures_in_a_row', 0) > 0)
  OR old.figures ->> '$.slots.skipped' IS NOT new.figures ->> '$.slots.skipped'
  OR old.figures ->> '$.slots.missed' IS NOT new.figures ->> '$.slots.missed'
  OR old.figures ->> '$.slots.rolled_back' IS NOT new.figures ->> '$.slots.rolled_back'
BEGIN
  UPDATE cron_sums SET enabled = enabled + new.enabled - old.enabled, paused = paused + old.enabled - new.enabled,
    failing = failing + (coalesce(new.figures ->> '$.failures_in_a_row', 0) > 0)
      - (coalesce(old.figures ->> '$.failures_in_a_row', 0) > 0),
    skipped = skipped + coalesce(new.figures ->> '$.slots.skipped', 0) - coalesce(old.figures ->> '$.slots.skipped', 0),
    missed = missed + coalesce(new.figures ->> '$.slots.missed', 0) - coalesce(old.figures ->> '$.slots.missed', 0),
    rolled_back = rolled_back + coalesce(new.figures ->> '$.slots.rolled_back', 0)
      - coalesce(old.figures ->> '$.slots.rolled_back', 0)
  WHERE assistant_id = new.assistant_id;
END;

CREATE TRIGGER cron_sums_delete AFTER DELETE ON crons
BEGIN
  UPDATE cron_sums SET enabled = enabled - old.enabled, paused = paused - 1 + old.enabled,
    failing = failing - (coalesce(old.figures ->> '$.failures_in_a_row', 0) > 0),
    skipped = skipped - coalesce(old.figures ->> '$.slots.skipped', 0),
    missed = missed - coalesce(old.figures ->> '$.slots.missed', 0),
    rolled_back = rolled_back - coalesce(old.figures ->> '$.slots.rolled_back', 0)
  WHERE assistant_id = old.assistant_id;
END;

-- Of the ended runs of crons, since ever: a record that is removed stays counted. The cron trigger adds, each minute, the runs that were
-- created before an instant, which the setting `runs_counted_until` has in ms. A run that was created before that instant and ends
-- or arrives after it is added by a trigger, in the statement that writes the run.
CREATE TABLE run_sums (
  assistant_id TEXT NOT NULL,
  status TEXT NOT NULL,
  runs INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (assistant_id, status)
) WITHOUT ROWID;

INSERT INTO settings (name, value) VALUES ('runs_counted_until', '0');

CREATE TRIGGER run_sums_arrived_late AFTER INSERT ON runs
WHEN new.cron_id IS NOT NULL AND new.status NOT IN ('pending', 'running')
  AND new.created_at < (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'runs_counted_until')
BEGIN
  INSERT INTO run_sums VALUES (new.assistant_id, new.status, 1, coalesce(new.input_tokens, 0), coalesce(new.output_tokens, 0),
    max(new.updated_at - new.created_at, 0))
  ON CONFLICT (assistant_id, status) DO UPDATE SET runs = runs + 1, input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens, duration_ms = duration_ms + excluded.duration_ms;
END;

CREATE TRIGGER run_sums_ended_late AFTER UPDATE OF status ON runs
WHEN new.cron_id IS NOT NULL AND old.status IN ('pending', 'running') AND new.status NOT IN ('pending', 'running')
  AND new.created_at < (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'runs_counted_until')
BEGIN
  INSERT INTO run_sums VALUES (new.assistant_id, new.status, 1, coalesce(new.input_tokens, 0), coalesce(new.output_tokens, 0),
    max(new.updated_at - new.created_at, 0))
  ON CONFLICT (assistant_id, status) DO UPDATE SET runs = runs + 1, input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens, duration_ms = duration_ms + excluded.duration_ms;
END;
