-- A page of the pending tasks of one lane that wait in plain order, latest first.
-- KEYS: tasks, active, the lane's waiting list.
-- ARGV: queue, lane, offset, limit, max bytes.
-- Returns how many entries were looked at; then per task: id, submittedAt, record.
local queue, lane = ARGV[1], ARGV[2]
local offset, limit, maxBytes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local ids = redis.call('LRANGE', KEYS[3], -offset - limit, -offset - 1)
local reply = { 0 }
local bytes = 0
for i = #ids, 1, -1 do
  if bytes > maxBytes then
    break
  end
  reply[1] = reply[1] + 1
  local record = redis.call('HGET', KEYS[1], ids[i])
  local m = record and parseMessage(record)
  -- An earlier message of the same id may have left its entry here.
  local here = m and m.queue == queue and m.lane == lane and not isIndexedMessage(m)
  if here and not has(m.flags, 'h') and redis.call('HEXISTS', KEYS[2], ids[i]) == 0 then
    bytes = bytes + #record
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3] = ids[i], digits(m.submittedAt), record
  end
end
return reply
