-- masking.empty
TRUNCATE TABLE superseded
