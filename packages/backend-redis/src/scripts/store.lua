-- Stores results, if the ones that stand may be replaced.
-- KEYS: tasks, active, held, expiry, finished, foreign, status of all six.
-- ARGV: now, ttl ("": none), dedupe window, origin channels, task channels;
--       per result: id, status, fence, submittedAt ("": none), JSON of the result.
-- Returns per result 1 stored, 0 refused as stale.
local TASKS, ACTIVE, HELD, EXPIRY, FINISHED, FOREIGN, STATUS = 1, 2, 3, 4, 5, 6, 7
local FIELDS = 5
-- Which status may follow which within one delivery; the table of core.
local NEXT = {
  pending = { running = true, failed = true, cancelled = true },
  running = { running = true, retrying = true, success = true, failed = true, cancelled = true },
  retrying = { running = true, failed = true, cancelled = true },
}

local now = clockNow(ARGV[1])
local ttl, window, originChannels, taskChannels = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local foreign = redis.call('EXISTS', KEYS[FOREIGN]) == 1
local ended = 0

-- The rule of core's mayReplace.
local function mayReplace(old, next)
  if next.status == 'pending' then
    local bothKnown = next.submittedAt ~= nil and old.submittedAt ~= nil
    return bothKnown and next.submittedAt > old.submittedAt
  end
  if isFinal(old.status) or next.fence < old.fence then
    return false
  end
  if next.fence > old.fence then
    return true
  end
  return NEXT[old.status][next.status] == true and (next.status ~= 'running' or old.status == 'running')
end

-- Nobody holds the message any more: whoever did hears it at the next call.
local function dropLease(id)
  if redis.call('HDEL', KEYS[ACTIVE], id) == 1 then
    redis.call('DECR', KEYS[HELD])
  end
end

-- A held message speaks for itself until somebody ends it from outside.
local function endMessage(id, m, next)
  local held = redis.call('HGET', KEYS[ACTIVE], id)
  local lease = held and parseLease(held)
  local old = { status = lease and 'running' or waitingStatus(m), fence = lease and tonumber(lease.fence) or m.fence }
  if not isFinal(next.status) or not mayReplace(old, next) then
    return false
  end
  dropLease(id)
  redis.call('ZREM', KEYS[STATUS + STATUSES[waitingStatus(m)]], id)
  if has(m.flags, 'r') then
    remember(KEYS[FINISHED], { id }, now, window)
  end
  return true
end

-- Clears the way for the next result; false when what stands stays.
local function giveWay(id, next)
  local record = redis.call('HGET', KEYS[TASKS], id)
  if not record then
    return true, ''
  end
  local m = parseMessage(record)
  if m then
    return endMessage(id, m, next), m.origin
  end
  local old = parseResult(record)
  if not old and isFinal(next.status) then
    dropLease(id)
  end
  if old and not isGone(old, now) and not mayReplace(old, next) then
    return false
  end
  if old and old.status ~= next.status then
    redis.call('ZREM', KEYS[STATUS + STATUSES[old.status]], id)
  end
  return true, ''
end

local function store(id, status, fence, submittedAt, body)
  local next = { status = status, fence = tonumber(fence), submittedAt = tonumber(submittedAt) }
  local accepted, origin = giveWay(id, next)
  if not accepted then
    return 0
  end
  local final = isFinal(status)
  local expiresAt = final and ttl and digits(now + ttl) or '0'
  local record = 'r|' .. status .. '|' .. expiresAt .. '||' .. fence .. '|' .. submittedAt .. '|\n' .. body
  redis.call('HSET', KEYS[TASKS], id, record)
  redis.call('ZADD', KEYS[STATUS + STATUSES[status]], submittedAt == '' and '-inf' or submittedAt, id)
  if not final then
    return 1
  end
  ended = ended + 1
  if ttl then
    noteExpiry(KEYS[EXPIRY], expiresAt, { id })
  end
  noteFinished(noticesFor(originChannels, origin), id, record)
  if foreign then
    redis.call('PUBLISH', taskChannels .. id, '')
  end
  return 1
end

local reply = {}
for at = 6, #ARGV, FIELDS do
  reply[#reply + 1] = store(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
end
if ttl then
  sweepExpired(KEYS[TASKS], KEYS[EXPIRY], STATUS, now, 2 * ended + 2)
end
sendNotices()
return reply
