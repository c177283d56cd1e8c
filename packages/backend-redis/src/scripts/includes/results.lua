-- Removes results whose time to live is over, as far as they are at the head of the list, `limit` at most.
-- Returns how many list entries went.
local function sweepExpired(tasksKey, expiryKey, firstStatus, now, limit)
  local heads = redis.call('LRANGE', expiryKey, 0, limit - 1)
  local swept = 0
  for _, head in ipairs(heads) do
    local expiresAt, id = head:match('^(%d+) (.+)$')
    if expiresAt and tonumber(expiresAt) > now then
      break
    end
    swept = swept + 1
    local record = id and redis.call('HGET', tasksKey, id)
    local result = record and parseResult(record)
    -- Under the same id there may be a newer task by now.
    if result and isGone(result, now) then
      redis.call('HDEL', tasksKey, id)
      redis.call('ZREM', KEYS[firstStatus + STATUSES[result.status]], id)
    end
  end
  if swept > 0 then
    redis.call('LTRIM', expiryKey, swept, -1)
  end
  return swept
end

-- Remembered ids stay known for a while after the end.
local function remember(finishedKey, id, now, window)
  redis.call('ZADD', finishedKey, digits(now), id)
  redis.call('ZREMRANGEBYSCORE', finishedKey, '-inf', digits(now - window))
end
