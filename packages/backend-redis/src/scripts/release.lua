-- Puts messages back. Only the holder of a lease may.
-- KEYS: tasks, active, held, sequence, status:retrying; per lane: its keys.
-- ARGV: now, wake channel; per message: id, fence, first key of its lane, reason (as ReleaseReason, or
--       unheard: its worker never got the reply of the claim), ready at, JSON of the error ("": the last one stays).
-- Returns per message 1 put back, 0 refused.
local TASKS, ACTIVE, HELD, SEQUENCE, RETRYING = 1, 2, 3, 4, 5
local FIELDS = 6

local now, wakeChannel = clockNow(ARGV[1]), ARGV[2]
local released = 0

local function neverRan(reason)
  return reason == 'unstarted' or reason == 'unheard'
end

-- What the end of this delivery changes in the message.
local function afterDelivery(m, lease, reason, errorJson)
  m.fence, m.startedAt, m.worker = tonumber(lease.fence), tonumber(lease.startedAt), lease.worker
  if reason == 'failed' then
    m.attempt = m.attempt + 1
  end
  if not neverRan(reason) then
    m.expiresAt = expiryAfter(m, lease)
    m.deferredSince = reason == 'deferred' and (m.deferredSince > 0 and m.deferredSince or now) or 0
  end
  if lease.cancel == 'c' and not has(m.flags, 'c') then
    m.flags = 'c' .. m.flags
  end
  if errorJson ~= '' then
    m.body = m.body:sub(1, m.payloadBytes) .. errorJson
  end
end

local function release(id, fence, base, reason, readyAt, errorJson)
  -- What nobody heard of did not run, even if its time is over.
  local text = redis.call('HGET', KEYS[ACTIVE], id)
  local lease = heldLease(text, fence, reason == 'unheard' and 0 or now)
  if not lease then
    return 0
  end
  redis.call('HDEL', KEYS[ACTIVE], id)
  released = released + 1
  local record = redis.call('HGET', KEYS[TASKS], id)
  local m = record and parseMessage(record)
  if not m then
    if not record or parseResult(record) then
      return 0
    end
    redis.call('RPUSH', KEYS[base + URGENT], id)
    return 1
  end
  afterDelivery(m, lease, reason, errorJson)
  local cancelled = has(m.flags, 'c')
  m.readyAt = resolveInstant(readyAt, now)
  if m.readyAt <= now or cancelled then
    m.readyAt = 0
  end
  local first = (reason == 'stopped' or neverRan(reason)) and m.readyAt == 0
  -- What comes first goes back to its very place: its sequence number stays.
  if not first then
    m.sequence = (m.readyAt > 0 or m.priority ~= 0) and redis.call('INCR', KEYS[SEQUENCE]) or 0
  end
  redis.call('HSET', KEYS[TASKS], id, formatMessage(m))
  redis.call('ZADD', KEYS[RETRYING], digits(m.submittedAt), id)
  if first then
    placeFirst(base, id, m)
  else
    place(base, id, m)
  end
  if m.readyAt == 0 then
    wake(base, wakeChannel, m.queue)
  end
  return 1
end

local reply = {}
for at = 3, #ARGV, FIELDS do
  reply[#reply + 1] = release(ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
end
if released > 0 then
  redis.call('DECRBY', KEYS[HELD], released)
end
return reply
