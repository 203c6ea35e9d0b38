-- What a run has cost. `attempts` is null for runs from before this migration. The tokens are null when no model reported any.
ALTER TABLE runs ADD COLUMN attempts INTEGER;
ALTER TABLE runs ADD COLUMN input_tokens INTEGER;
ALTER TABLE runs ADD COLUMN output_tokens INTEGER;
