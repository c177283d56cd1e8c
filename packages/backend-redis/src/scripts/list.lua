-- A page of one status out of its sorted set, latest first. Entries without a task of that status are removed.
-- KEYS: tasks, active, the status's sorted set.
-- ARGV: now, status, offset, limit, max bytes.
-- Returns how many entries were looked at and how many of those are still there; then per task: id, score, record.
--! include clock record
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
  local here = isIndexedMessage(m) and waitingStatus(m) == status and redis.call('HEXISTS', KEYS[2], id) == 0
  return here, here and not isHidden(m)
end

local reply = { 0, 0 }
local bytes = 0
local entries = redis.call('ZREVRANGE', KEYS[3], offset, offset + limit - 1, 'WITHSCORES')
for i = 1, #entries, 2 do
  if bytes > maxBytes then
    break
  end
  local id = entries[i]
  local record = redis.call('HGET', KEYS[1], id)
  local here, visible = false, false
  if record then
    here, visible = judge(id, record)
  end
  reply[1] = reply[1] + 1
  if here then
    reply[2] = reply[2] + 1
  else
    redis.call('ZREM', KEYS[3], id)
  end
  if visible then
    bytes = bytes + #record
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3] = id, entries[i + 1], record
  end
end
return reply
