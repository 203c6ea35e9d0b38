-- The runs of crons by the hour in which they were made, for the chart of what the crons did. Each hour is added up once, when its runs
-- have ended, so a firing writes no row here. See src/d1/run-hours.ts.
CREATE TABLE run_hours (
  -- The start of the hour, in ms.
  hour INTEGER NOT NULL,
  status TEXT NOT NULL,
  runs INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  PRIMARY KEY (hour, status)
) WITHOUT ROWID;
-- The hours before this instant (ms) are added up.
INSERT INTO settings (name, value) VALUES ('run_hours_until', '0');

-- The crons whose last run failed. A cron whose runs go well takes no row in it.
CREATE INDEX crons_failing ON crons (created_at) WHERE figures ->> '$.failures_in_a_row' > 0;
