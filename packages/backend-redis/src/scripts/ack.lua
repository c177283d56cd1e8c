-- Ends messages whose results are kept elsewhere. Only the holder of a lease may.
-- KEYS: tasks, active, held, finished, ended, buried, then sets of dead letters.
-- ARGV: now, dedupe window; per message: id, fence, number of the dead letters' key (0: none), reason.
-- Returns per message 1 ended, 0 refused.
local TASKS, ACTIVE, HELD, FINISHED, ENDED, BURIED = 1, 2, 3, 4, 5, 6
local FIELDS = 4
-- How long after its end a push may still be repeated because its reply was lost, in ms: longer than deadlines are.
local REPEATED_WITHIN = 60000

local now, window = clockNow(ARGV[1]), tonumber(ARGV[2])
local reply, ended = {}, 0

local function ack(id, fence, deadKey, reason)
  if not heldLease(redis.call('HGET', KEYS[ACTIVE], id), fence, now) then
    return 0
  end
  redis.call('HDEL', KEYS[ACTIVE], id)
  ended = ended + 1
  local record = redis.call('HGET', KEYS[TASKS], id)
  if not record or parseResult(record) then
    return 0
  end
  local m = parseMessage(record)
  redis.call('HDEL', KEYS[TASKS], id)
  if m and has(m.flags, 'r') then
    remember(KEYS[FINISHED], { id }, now, window)
  else
    remember(KEYS[ENDED], { id }, now, REPEATED_WITHIN)
  end
  if deadKey then
    bury(KEYS[BURIED], deadKey, id, now, reason, m and m.body:sub(1, m.payloadBytes) or record)
  end
  return 1
end

for at = 3, #ARGV, FIELDS do
  reply[#reply + 1] = ack(ARGV[at], ARGV[at + 1], KEYS[tonumber(ARGV[at + 2])], ARGV[at + 3])
end
if ended > 0 then
  redis.call('DECRBY', KEYS[HELD], ended)
  redis.call('PEXPIRE', KEYS[ENDED], REPEATED_WITHIN)
end
return reply
