-- A part that was merged is wide, that of a batch is not: reading one property of a compact part
-- unpacks all of them. A batch of 25,000 persons is about 30 MB unpacked.
ALTER TABLE persons MODIFY SETTING min_bytes_for_wide_part = 41943040
