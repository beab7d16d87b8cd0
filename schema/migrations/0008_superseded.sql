-- Versions of persons that a newer one has taken the place of, named by write_id, while they are being
-- masked (queries/masking.py). Emptied afterwards; what is named here is superseded for good.
CREATE TABLE IF NOT EXISTS superseded
(
    write_id UInt64
)
ENGINE = MergeTree
ORDER BY write_id
