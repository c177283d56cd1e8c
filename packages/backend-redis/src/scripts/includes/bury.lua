-- A dead letter is kept as "diedAt|bytes of the reason\n", the reason, and the message's bytes as they were stored.
local function bury(buriedKey, deadKey, id, now, reason, payload)
  redis.call('HSET', buriedKey, id, digits(now) .. '|' .. #reason .. '\n' .. reason .. payload)
  redis.call('ZADD', deadKey, digits(now), id)
end
