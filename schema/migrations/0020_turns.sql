-- Whose turn it is, among service processes on one server, to write many persons of a project in one
-- INSERT; a row per change, FINAL or a merge leaves the last (queries/turns.py).
-- version: twice the number of the turn, one more when it is over. holder: of a process, made up for
-- the turn. ends_at: by the server's clock; from then on anybody may end it.
CREATE TABLE IF NOT EXISTS turns
(
    team_id UInt32,
    version UInt64,
    holder  UInt64,
    ends_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY team_id
SETTINGS non_replicated_deduplication_window = 10000
