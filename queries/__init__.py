"""What is asked of ClickHouse, as values: no I/O, no clock, no settings."""
