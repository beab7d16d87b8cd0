-- parts.machine
SELECT version() AS engine_version, toUnixTimestamp64Micro(now64(6)) AS now_us,
sum(free_space) AS free_bytes, sum(total_space) AS total_bytes
FROM system.disks
