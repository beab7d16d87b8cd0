"""ClickHouse's tables: numbered migrations and what applies them."""
