-- What a cron's owner asks for beyond the platform, and what its runs came to.
ALTER TABLE crons ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE crons ADD COLUMN note TEXT;
ALTER TABLE crons ADD COLUMN figures TEXT NOT NULL DEFAULT '{}';
-- Who deletes an assistant or a thread pauses its crons.
CREATE INDEX crons_by_assistant ON crons (assistant_id);
CREATE INDEX crons_by_thread ON crons (thread_id) WHERE thread_id IS NOT NULL;

-- Of the deployment, each a JSON value; `crons` is the switch of all crons.
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
