"""A double of ClickHouse's HTTP interface over chDB, so that tests go through the real client.

It speaks the protocol and computes nothing: every answer is the embedded engine's, in a process of
its own as a server is. What a server has beyond that (users, quotas, its own defaults, a parser of
another version, replication) it does not double.
"""
