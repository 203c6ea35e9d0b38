-- Threads that crons use are searched apart from the others: those that crons made, whose metadata names the cron, and those that a cron on a
-- thread runs on, which this column marks.
ALTER TABLE threads ADD COLUMN has_crons INTEGER NOT NULL DEFAULT 0;
UPDATE threads SET has_crons = 1 WHERE thread_id IN (SELECT thread_id FROM crons WHERE thread_id IS NOT NULL);

CREATE TRIGGER threads_get_a_cron AFTER INSERT ON crons WHEN new.thread_id IS NOT NULL
BEGIN
  UPDATE threads SET has_crons = 1 WHERE thread_id = new.thread_id AND has_crons = 0;
END;
CREATE TRIGGER threads_lose_a_cron AFTER DELETE ON crons WHEN old.thread_id IS NOT NULL
BEGIN
  UPDATE threads SET has_crons = 0
    WHERE thread_id = old.thread_id AND NOT EXISTS (SELECT 1 FROM crons WHERE thread_id = old.thread_id);
END;
-- The row of a thread may come after that of its cron.
CREATE TRIGGER threads_arrive_late AFTER INSERT ON threads WHEN EXISTS (SELECT 1 FROM crons WHERE thread_id = new.thread_id)
BEGIN
  UPDATE threads SET has_crons = 1 WHERE thread_id = new.thread_id;
END;

-- Two indexes in place of one: a thread takes a row in one of them, so it costs no more than before. The conditions are those of
-- src/d1/threads-table.ts: SQLite uses the index only for exactly the same expression.
DROP INDEX threads_lasting_by_creation;
CREATE INDEX threads_of_crons_by_creation ON threads (created_at)
  WHERE temporary = 0 AND (has_crons = 1 OR CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END IS NOT NULL);
CREATE INDEX threads_of_no_cron_by_creation ON threads (created_at)
  WHERE temporary = 0 AND (has_crons = 0 AND CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END IS NULL);
-- How the attempts at a run ended that were followed by another one, as JSON. NULL when there were none.
ALTER TABLE runs ADD COLUMN earlier_attempts TEXT;
