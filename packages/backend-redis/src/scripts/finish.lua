-- Ends messages: the final result, and the message is held no longer. Only the holder of a lease may.
-- KEYS: tasks, active, held, expiry, finished, buried, foreign, status of all six, then sets of dead letters.
-- ARGV: now, ttl ("": none), dedupe window, origin channels, task channels;
--       per task: id, fence, status, JSON of the outcome, number of the dead letters' key (0: none), reason.
-- Returns per task 1 accepted (or was, before a repeated call), 0 refused.
--! include clock record lease notices results bury
local TASKS, ACTIVE, HELD, EXPIRY, FINISHED, BURIED, FOREIGN, STATUS = 1, 2, 3, 4, 5, 6, 7, 8
local FIELDS = 6

local now = clockNow(ARGV[1])
local ttl, window, originChannels, taskChannels = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local expiresAt = ttl and digits(now + ttl) or '0'
local foreign = redis.call('EXISTS', KEYS[FOREIGN]) == 1
local finished = 0

-- The result that a message becomes, and its payload; nil when it has one already.
local function endOf(record, lease)
  local m = record and parseMessage(record)
  if m then
    local payload = #m.body == m.payloadBytes and m.body or m.body:sub(1, m.payloadBytes)
    return m, payload
  end
  if record and parseResult(record) then
    return nil
  end
  -- Damaged or taken away: what there is counts as the payload.
  return { submittedAt = lease.startedAt, attempt = 1, flags = '', origin = '' }, record or ''
end

local function finish(id, fence, status, outcome, deadKey, reason)
  local lease = heldLease(KEYS[ACTIVE], id, fence, now)
  local record = redis.call('HGET', KEYS[TASKS], id)
  if not lease then
    local result = record and parseResult(record)
    return result and result.kind == 'f' and result.fence == tonumber(fence) and 1 or 0
  end
  redis.call('HDEL', KEYS[ACTIVE], id)
  finished = finished + 1
  local m, payload = endOf(record, lease)
  if not m then
    return 0
  end
  local remembered = m.flags:find('r', 1, true) and 'r' or ''
  local submittedAt = digits(m.submittedAt)
  local final = 'f|' .. status .. '|' .. fence .. '|' .. submittedAt .. '|' .. expiresAt .. '|' .. remembered .. '|' .. m.attempt
    .. '|' .. digits(lease.startedAt) .. '|' .. digits(now) .. '|' .. #payload .. '|' .. lease.queue .. '|' .. lease.worker .. '\n'
    .. payload .. outcome
  redis.call('HSET', KEYS[TASKS], id, final)
  redis.call('ZADD', KEYS[STATUS + STATUSES[status]], submittedAt, id)
  if ttl then
    redis.call('RPUSH', KEYS[EXPIRY], expiresAt .. ' ' .. id)
  end
  if remembered == 'r' then
    remember(KEYS[FINISHED], id, now, window)
  end
  if deadKey then
    bury(KEYS[BURIED], deadKey, id, now, reason, payload)
  end
  noteFinished(originChannels, m.origin, id, final)
  if foreign then
    redis.call('PUBLISH', taskChannels .. id, '')
  end
  return 1
end

local reply = {}
for at = 6, #ARGV, FIELDS do
  reply[#reply + 1] = finish(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], KEYS[tonumber(ARGV[at + 4])], ARGV[at + 5])
end
if finished > 0 then
  redis.call('DECRBY', KEYS[HELD], finished)
end
if ttl then
  sweepExpired(KEYS[TASKS], KEYS[EXPIRY], STATUS, now, 2 * finished + 2)
end
sendNotices()
return reply
