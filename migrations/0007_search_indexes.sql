-- Every order that a search offers has an index, and so has every filter that most searches use. See docs/decisions/0019.
-- An index of rows that are filtered by something goes on with `created_at`, the usual order. SQLite adds the primary key.

-- A temporary thread is in the table for as long as its run is under way. It takes a row in one small index, and in no other, so
-- that a firing writes as many rows as before.
ALTER TABLE threads ADD COLUMN temporary INTEGER NOT NULL DEFAULT 0;
CREATE INDEX threads_temporary ON threads (created_at) WHERE temporary = 1;
DROP INDEX threads_by_creation;
CREATE INDEX threads_lasting_by_creation ON threads (created_at) WHERE temporary = 0;
CREATE INDEX threads_lasting_by_update ON threads (updated_at) WHERE temporary = 0;
-- Most threads are idle. They take no row in this index: searches for them walk along the index of creation.
CREATE INDEX threads_lasting_by_status ON threads (status, created_at) WHERE temporary = 0 AND status <> 'idle';

-- Of runs whose thread lives as long as they do, nobody lists "the runs of the thread" once they have ended. Such a run takes no
-- row in the index of threads, but one in the index of all runs. So a firing writes as many rows as before.
ALTER TABLE runs ADD COLUMN thread_temporary INTEGER NOT NULL DEFAULT 0;
DROP INDEX runs_by_thread;
CREATE INDEX runs_of_lasting_threads ON runs (thread_id, created_at) WHERE thread_temporary = 0;
CREATE INDEX runs_by_creation ON runs (created_at);
-- A temporary thread whose run waits for an answer becomes a lasting one, and so do its runs.
CREATE TRIGGER threads_become_lasting AFTER UPDATE OF temporary ON threads WHEN old.temporary = 1 AND new.temporary = 0
BEGIN
  UPDATE runs SET thread_temporary = 0
    WHERE thread_id = new.thread_id AND created_at >= new.created_at AND thread_temporary = 1;
END;
-- Most runs succeed, and take no row in this index.
CREATE INDEX runs_that_failed ON runs (status, created_at) WHERE status IN ('error', 'timeout', 'interrupted');

-- A cron's firing writes `next_run_date`, and no other column that has an index.
DROP INDEX crons_by_next_run;
CREATE INDEX crons_by_next_run_date ON crons (next_run_date);
CREATE INDEX crons_by_creation ON crons (created_at);
CREATE INDEX crons_by_update ON crons (updated_at);
CREATE INDEX crons_by_end ON crons (end_time);
CREATE INDEX crons_by_enabled ON crons (enabled, created_at);
DROP INDEX crons_by_assistant;
CREATE INDEX crons_of_assistant ON crons (assistant_id, created_at);
DROP INDEX crons_by_thread;
CREATE INDEX crons_of_thread ON crons (thread_id, created_at);

CREATE INDEX assistants_by_creation ON assistants (created_at);
CREATE INDEX assistants_by_update ON assistants (updated_at);
CREATE INDEX assistants_by_name ON assistants (name);
CREATE INDEX assistants_by_graph ON assistants (graph_id, created_at);

CREATE INDEX store_items_by_update ON store_items (updated_at DESC);
CREATE INDEX deleted_threads_by_time ON deleted_threads (deleted_at);

-- The keys of metadata that most searches filter by. A row without the key, or with a value that is no text, takes no row in the
-- index. The expressions are those of src/d1/metadata-filter.ts: SQLite uses the index only for exactly the same expression.
CREATE INDEX threads_lasting_by_metadata_cron_id ON threads (CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END, created_at)
  WHERE temporary = 0 AND CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END IS NOT NULL;
CREATE INDEX threads_lasting_by_metadata_owner ON threads (CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END, created_at)
  WHERE temporary = 0 AND CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END IS NOT NULL;
CREATE INDEX threads_lasting_by_metadata_user_id ON threads (CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END, created_at)
  WHERE temporary = 0 AND CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END IS NOT NULL;
CREATE INDEX threads_lasting_by_metadata_assistant_id ON threads (CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END, created_at)
  WHERE temporary = 0 AND CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END IS NOT NULL;
CREATE INDEX threads_lasting_by_metadata_graph_id ON threads (CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END, created_at)
  WHERE temporary = 0 AND CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END IS NOT NULL;
CREATE INDEX runs_by_metadata_owner ON runs (CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END, created_at)
  WHERE CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END IS NOT NULL;
CREATE INDEX runs_by_metadata_user_id ON runs (CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END, created_at)
  WHERE CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END IS NOT NULL;
CREATE INDEX runs_by_metadata_assistant_id ON runs (CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END, created_at)
  WHERE CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END IS NOT NULL;
CREATE INDEX runs_by_metadata_graph_id ON runs (CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END, created_at)
  WHERE CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END IS NOT NULL;
CREATE INDEX crons_by_metadata_cron_id ON crons (CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END, created_at)
  WHERE CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END IS NOT NULL;
CREATE INDEX crons_by_metadata_owner ON crons (CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END, created_at)
  WHERE CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END IS NOT NULL;
CREATE INDEX crons_by_metadata_user_id ON crons (CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END, created_at)
  WHERE CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END IS NOT NULL;
CREATE INDEX crons_by_metadata_assistant_id ON crons (CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END, created_at)
  WHERE CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END IS NOT NULL;
CREATE INDEX crons_by_metadata_graph_id ON crons (CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END, created_at)
  WHERE CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END IS NOT NULL;
CREATE INDEX assistants_by_metadata_cron_id ON assistants (CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END, created_at)
  WHERE CASE json_type(metadata, '$.cron_id') WHEN 'text' THEN metadata ->> '$.cron_id' END IS NOT NULL;
CREATE INDEX assistants_by_metadata_owner ON assistants (CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END, created_at)
  WHERE CASE json_type(metadata, '$.owner') WHEN 'text' THEN metadata ->> '$.owner' END IS NOT NULL;
CREATE INDEX assistants_by_metadata_user_id ON assistants (CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END, created_at)
  WHERE CASE json_type(metadata, '$.user_id') WHEN 'text' THEN metadata ->> '$.user_id' END IS NOT NULL;
CREATE INDEX assistants_by_metadata_assistant_id ON assistants (CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END, created_at)
  WHERE CASE json_type(metadata, '$.assistant_id') WHEN 'text' THEN metadata ->> '$.assistant_id' END IS NOT NULL;
CREATE INDEX assistants_by_metadata_graph_id ON assistants (CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END, created_at)
  WHERE CASE json_type(metadata, '$.graph_id') WHEN 'text' THEN metadata ->> '$.graph_id' END IS NOT NULL;
