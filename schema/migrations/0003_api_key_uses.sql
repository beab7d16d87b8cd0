-- When a key was last used; written now and then, not with every request.
CREATE TABLE IF NOT EXISTS api_key_uses
(
    key_id  UUID,
    used_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(used_at)
ORDER BY key_id
