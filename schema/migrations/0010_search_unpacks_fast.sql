-- A search that many pass reads all of it, and most of that time was the unpacking.
ALTER TABLE persons MODIFY COLUMN search String CODEC(LZ4)
