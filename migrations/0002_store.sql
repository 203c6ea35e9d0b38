-- Store items, whose truth D1 is. `namespace` holds each label followed by a period, which no label contains: the
-- items under a prefix are one range of the key. `value` comes last, so that the rest is read without it.
CREATE TABLE store_items (
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  ttl_minutes REAL,
  value TEXT NOT NULL,
  PRIMARY KEY (namespace, key)
) WITHOUT ROWID;
-- The sweep's: only items that expire take a row in it.
CREATE INDEX store_items_expiring ON store_items (expires_at) WHERE expires_at IS NOT NULL;
