-- The newest slot that a cron missed, in ms, so that crons that missed one lately are found. NULL: none. A firing that goes well writes
-- neither this column nor its index: a trigger copies the instant from the figures, and only when it has changed there.
ALTER TABLE crons ADD COLUMN last_missed INTEGER;
CREATE INDEX crons_missed ON crons (last_missed) WHERE last_missed IS NOT NULL;

CREATE TRIGGER crons_missed_update AFTER UPDATE OF figures ON crons
WHEN old.figures ->> '$.last_missed_slot' IS NOT new.figures ->> '$.last_missed_slot'
BEGIN
  UPDATE crons SET last_missed = CAST(unixepoch(new.figures ->> '$.last_missed_slot') AS INTEGER) * 1000 WHERE cron_id = new.cron_id;
END;
-- The row of a cron may be lost, and is then written anew.
CREATE TRIGGER crons_missed_insert AFTER INSERT ON crons WHEN new.figures ->> '$.last_missed_slot' IS NOT NULL
BEGIN
  UPDATE crons SET last_missed = CAST(unixepoch(new.figures ->> '$.last_missed_slot') AS INTEGER) * 1000 WHERE cron_id = new.cron_id;
END;
