-- A page of one status out of its sorted set, latest first. Entries without a task of that status are removed.
-- KEYS: tasks, active, expiry, status of all six.
-- ARGV: now, status, offset, limit, max bytes.
-- Returns whether there was more out of date than is removed at once (then the page may be too early), how many entries
-- were looked at and how many of those are still there; then per task: id, score, record.
local TASKS, ACTIVE, EXPIRY, STATUS = 1, 2, 3, 4
local EXPIRED_AT_ONCE = 500

local now, status = clockNow(ARGV[1]), ARGV[2]
local offset, limit, maxBytes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

-- Whether the record belongs here, and whether readers may see it.
local function judge(id, record)
  local result = parseResult(record)
  if result then
    local here = result.status == status and not isGone(result, now)
    return here, here
  end
  local m = parseMessage(record)
  if not m then
    return true, true
  end
  local here = isIndexedMessage(m) and waitingStatus(m) == status and redis.call('HEXISTS', KEYS[ACTIVE], id) == 0
  return here, here and not has(m.flags, 'h')
end

local swept = sweepExpired(KEYS[TASKS], KEYS[EXPIRY], STATUS, now, EXPIRED_AT_ONCE)
local reply = { swept >= EXPIRED_AT_ONCE and 1 or 0, 0, 0 }
local bytes = 0
local index = KEYS[STATUS + STATUSES[status]]
local entries = redis.call('ZREVRANGE', index, offset, offset + limit - 1, 'WITHSCORES')
for i = 1, #entries, 2 do
  if bytes > maxBytes then
    break
  end
  local id = entries[i]
  local record = redis.call('HGET', KEYS[TASKS], id)
  local here, visible = false, false
  if record then
    here, visible = judge(id, record)
  end
  reply[2] = reply[2] + 1
  if here then
    reply[3] = reply[3] + 1
  else
    redis.call('ZREM', index, id)
  end
  if visible then
    bytes = bytes + #record
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3] = id, entries[i + 1], record
  end
end
return reply
