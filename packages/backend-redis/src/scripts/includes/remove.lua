-- Removes a result. A message stays, hidden until it is claimed. Returns whether there was something to see.
local function removeResult(tasksKey, firstStatus, id, record, now)
  local result = parseResult(record)
  if result then
    redis.call('HDEL', tasksKey, id)
    redis.call('ZREM', KEYS[firstStatus + STATUSES[result.status]], id)
    return not isGone(result, now)
  end
  local m = parseMessage(record)
  if not m then
    -- Damaged: it may be a message, which its next claim will show.
    return false
  end
  if has(m.flags, 'h') then
    return false
  end
  m.flags = m.flags .. 'h'
  redis.call('HSET', tasksKey, id, formatMessage(m))
  return true
end
