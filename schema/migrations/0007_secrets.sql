-- What all services on this database must share and no client may know, as the key that signs the
-- cursors of pages. Made by the first that needs it. value: in hex. The highest version is in force.
CREATE TABLE IF NOT EXISTS secrets
(
    name    String,
    value   String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 1000
