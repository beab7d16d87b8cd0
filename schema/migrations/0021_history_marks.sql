-- mark: of the request that wrote, as it stands in the person's lineage; 0 where it bore none. The
-- lineage forgets it after some more writes.
ALTER TABLE history ADD COLUMN IF NOT EXISTS mark UInt64 CODEC(T64, ZSTD(1))
