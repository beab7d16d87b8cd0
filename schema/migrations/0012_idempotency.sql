-- Answers to requests with an Idempotency-Key, to be given again to who repeats one. Keys of the API
-- are apart: each has its own. request_hash: SHA-256 in hex of what was asked. etag: of the answer,
-- empty where it has none. Kept for two days; readers ask for one.
CREATE TABLE IF NOT EXISTS idempotency
(
    team_id      UInt32,
    key_id       String,
    key          String,
    request_hash String,
    status       UInt16,
    etag         String,
    body         String CODEC(ZSTD(1)),
    created_at   DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (team_id, key_id, key)
TTL toDateTime(created_at) + INTERVAL 48 HOUR
SETTINGS index_granularity = 512
