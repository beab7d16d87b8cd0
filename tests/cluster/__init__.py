"""A cluster of real servers: two shards of two replicas, and a Keeper. Needs Docker."""
