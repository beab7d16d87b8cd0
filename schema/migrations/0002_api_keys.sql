-- Keys of the API. The secret itself is nowhere: hash is its SHA-256 in hex, mask its first letters.
-- scopes: person:read, person:write, activity_log:read, *. projects: empty means all of them.
CREATE TABLE IF NOT EXISTS api_keys
(
    hash       String,
    id         UUID,
    label      String,
    mask       String,
    scopes     Array(String),
    projects   Array(UInt32),
    created_at DateTime64(6, 'UTC'),
    expires_at Nullable(DateTime64(6, 'UTC')),
    revoked_at Nullable(DateTime64(6, 'UTC')),
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY hash
