-- The items of the store, which are kept in D1 only. `namespace` is all labels of the namespace, each followed by a period. No
-- label contains a period, so the items under a prefix of a namespace are one range of the primary key. `value` is the last
-- column, so that SQLite can read the other columns without reading the value.
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
-- The sweep of expired items reads this SQL index. It holds only the items that expire.
CREATE INDEX store_items_expiring ON store_items (expires_at) WHERE expires_at IS NOT NULL;
