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
local nowText = digits(now)
local expiresAt = ttl and digits(now + ttl) or '0'
local foreign = redis.call('EXISTS', KEYS[FOREIGN]) == 1
local finished = 0

-- Writes the result that a message becomes; what is damaged or was taken away counts as a payload.
local function writeEnd(id, record, lease, fence, status, outcome)
  local _, attempt, _, flags, _, _, _, _, submittedAt, _, _, payloadBytes, _, _, _, origin, bodyAt =
    record:match(MESSAGE)
  local payload = record
  if attempt then
    payload = record:sub(bodyAt, bodyAt + payloadBytes - 1)
  else
    attempt, flags, submittedAt, payloadBytes, origin = '1', '', lease.startedAt, #record, ''
  end
  local remembered = has(flags, 'r') and 'r' or ''
  local final = 'f|' .. status .. '|' .. fence .. '|' .. submittedAt .. '|' .. expiresAt .. '|' .. remembered .. '|'
    .. attempt .. '|' .. lease.startedAt .. '|' .. nowText .. '|' .. payloadBytes .. '|' .. lease.queue .. '|'
    .. lease.worker .. '\n' .. payload .. outcome
  redis.call('HSET', KEYS[TASKS], id, final)
  redis.call('ZADD', KEYS[STATUS + STATUSES[status]], submittedAt, id)
  if ttl then
    redis.call('RPUSH', KEYS[EXPIRY], expiresAt .. ' ' .. id)
  end
  if remembered == 'r' then
    remember(KEYS[FINISHED], id, now, window)
  end
  noteFinished(originChannels, origin, id, final)
  return payload
end

-- Whether this very end was written already, by a call whose reply was lost.
local function isRepetition(record, result, fence, status, outcome)
  return result ~= nil and result.kind == 'f' and result.fence == tonumber(fence) and result.status == status
    and record:sub(-#outcome) == outcome
end

local function finish(id, fence, status, outcome, deadKey, reason)
  local lease = heldLease(KEYS[ACTIVE], id, fence, now)
  local record = redis.call('HGET', KEYS[TASKS], id) or ''
  local result = parseResult(record)
  if not lease then
    return isRepetition(record, result, fence, status, outcome) and 1 or 0
  end
  redis.call('HDEL', KEYS[ACTIVE], id)
  finished = finished + 1
  if result then
    return 0
  end
  local payload = writeEnd(id, record, lease, fence, status, outcome)
  if deadKey then
    bury(KEYS[BURIED], deadKey, id, now, reason, payload)
  end
  if foreign then
    redis.call('PUBLISH', taskChannels .. id, '')
  end
  return 1
end

local reply = {}
for at = 6, #ARGV, FIELDS do
  local deadKey = KEYS[tonumber(ARGV[at + 4])]
  reply[#reply + 1] = finish(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], deadKey, ARGV[at + 5])
end
if finished > 0 then
  redis.call('DECRBY', KEYS[HELD], finished)
end
if ttl then
  sweepExpired(KEYS[TASKS], KEYS[EXPIRY], STATUS, now, 2 * finished + 2)
end
sendNotices()
return reply
