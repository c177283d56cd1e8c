-- Removes a part of the waiting and delayed messages of one lane.
-- KEYS: tasks, active, status:pending, status:retrying, the lane's keys. ARGV: queue, lane, most
-- entries to look at.
-- Returns how many entries were looked at, then the ids of removed messages.
local TASKS, ACTIVE, PENDING, RETRYING, BASE = 1, 2, 3, 4, 5
local queue, lane, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local seen = 0
local reply = { 0 }

local function remove(id)
  seen = seen + 1
  local record = redis.call('HGET', KEYS[TASKS], id)
  -- What runs goes on; a result under this id is no message.
  if not record or parseResult(record) or redis.call('HEXISTS', KEYS[ACTIVE], id) == 1 then
    return
  end
  -- Nor does an entry that was left behind here concern a message elsewhere.
  local m = parseMessage(record)
  if m and (m.queue ~= queue or m.lane ~= lane) then
    return
  end
  redis.call('HDEL', KEYS[TASKS], id)
  redis.call('ZREM', KEYS[PENDING], id)
  redis.call('ZREM', KEYS[RETRYING], id)
  reply[#reply + 1] = id
end

for _, list in ipairs({ URGENT, WAIT, LAST_CHANCE }) do
  while seen < limit do
    local id = redis.call('LPOP', KEYS[BASE + list])
    if not id then
      break
    end
    remove(id)
  end
end
for _, set in ipairs({ PRIORITISED, DELAYED }) do
  while seen < limit do
    local member = redis.call('ZPOPMIN', KEYS[BASE + set])[1]
    if not member then
      break
    end
    remove(member:sub(set == DELAYED and 20 or 17))
  end
end
if seen < limit then
  redis.call('DEL', KEYS[BASE + STALE])
end
reply[1] = seen
return reply
