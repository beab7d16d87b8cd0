-- removal.apply_mask
ALTER TABLE persons APPLY DELETED MASK SETTINGS mutations_sync = 0
