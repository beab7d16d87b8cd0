-- One row per version of a project; FINAL or a merge leaves the highest version.
CREATE TABLE IF NOT EXISTS projects
(
    id         UInt32,
    uuid       UUID,
    name       String,
    api_token  String,
    created_at DateTime64(6, 'UTC'),
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000
