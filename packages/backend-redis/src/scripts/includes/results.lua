-- Results with a time to live are in a sorted set by their end, those of one call in one entry: "id id …". A list would
-- not do: where processes differ in the time to live, or it was changed, short-lived ones would stay behind a long-lived.
local function noteExpiry(expiryKey, expiresAt, ids)
  redis.call('ZADD', expiryKey, expiresAt, table.concat(ids, ' '))
end

-- Removes those of the results whose time to live is over, and notes anew which of them live longer. Under the same id
-- there may be a newer task by now.
local function removeExpired(tasksKey, expiryKey, firstStatus, ids, now)
  local gone, ofStatus = {}, {}
  for i, record in ipairs(redis.call('HMGET', tasksKey, unpack(ids))) do
    local result = record and parseResult(record)
    if result and isGone(result, now) then
      gone[#gone + 1] = ids[i]
      ofStatus[result.status] = ofStatus[result.status] or {}
      table.insert(ofStatus[result.status], ids[i])
    elseif result and result.expiresAt ~= 0 then
      noteExpiry(expiryKey, digits(result.expiresAt), { ids[i] })
    end
  end
  if #gone > 0 then
    redis.call('HDEL', tasksKey, unpack(gone))
  end
  for status, members in pairs(ofStatus) do
    redis.call('ZREM', KEYS[firstStatus + STATUSES[status]], unpack(members))
  end
end

-- Removes results whose time to live is over until at least `limit` were looked at. Returns how many were.
local function sweepExpired(tasksKey, expiryKey, firstStatus, now, limit)
  local seen = 0
  while seen < limit do
    local entry = redis.call('ZRANGEBYSCORE', expiryKey, '-inf', digits(now), 'LIMIT', 0, 1)[1]
    if not entry then
      break
    end
    redis.call('ZREM', expiryKey, entry)
    local ids = {}
    for id in entry:gmatch('%S+') do
      ids[#ids + 1] = id
    end
    if #ids > 0 then
      removeExpired(tasksKey, expiryKey, firstStatus, ids, now)
    end
    seen = seen + math.max(1, #ids)
  end
  return seen
end

-- Remembered ids stay known for a while after the end.
local function remember(finishedKey, ids, now, window)
  local entries = {}
  for i, id in ipairs(ids) do
    entries[2 * i - 1], entries[2 * i] = digits(now), id
  end
  redis.call('ZADD', finishedKey, unpack(entries))
  redis.call('ZREMRANGEBYSCORE', finishedKey, '-inf', digits(now - window))
end
