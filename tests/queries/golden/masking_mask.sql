-- masking.mask
DELETE FROM persons WHERE write_id IN (SELECT write_id FROM superseded)
SETTINGS lightweight_deletes_sync = 0
