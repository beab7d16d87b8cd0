-- A wide part is some five hundred files, and a merge has those of all its parts open: a batch is
-- never wide, whatever its bytes, and a merge takes ten parts, not a hundred.
ALTER TABLE persons MODIFY SETTING min_rows_for_wide_part = 30000, max_parts_to_merge_at_once = 10
