-- The identity of who created a cron, as whom it fires. NULL for crons of a server that does not know its callers by name.
ALTER TABLE crons ADD COLUMN user_id TEXT;
