-- The policy that the owner of a cron chose, why the cron was last paused or resumed, and its figures.
ALTER TABLE crons ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE crons ADD COLUMN note TEXT;
ALTER TABLE crons ADD COLUMN figures TEXT NOT NULL DEFAULT '{}';
-- When an assistant or a thread is deleted, its crons are found by these SQL indexes and paused.
CREATE INDEX crons_by_assistant ON crons (assistant_id);
CREATE INDEX crons_by_thread ON crons (thread_id) WHERE thread_id IS NOT NULL;

-- The settings of the whole deployment, each a JSON value. The setting `crons` is the switch of all crons.
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
