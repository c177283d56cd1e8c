-- Brings back messages whose leases ended, and those that are neither waiting nor held.
-- KEYS: tasks, active, held, status:pending, status:retrying; per lane: its keys.
-- ARGV: now, wake channel, max crashes; per message: id, first key of its lane (0: unknown), its lease as it was seen
--       ("": it had none).
-- Returns how many came back.
local TASKS, ACTIVE, HELD, PENDING, RETRYING = 1, 2, 3, 4, 5
local FIELDS = 3

local now, wakeChannel, maxCrashes = clockNow(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local recovered = 0

local function bringBack(id, base, m, lease, crashed)
  m.fence = math.max(m.fence + 1, lease and tonumber(lease.fence) or 0)
  m.readyAt = 0
  if crashed then
    m.crashes = m.crashes + 1
    m.flags = m.flags:gsub('[lx]', '') .. (m.crashes >= maxCrashes and 'x' or m.crashes == maxCrashes - 1 and 'l' or '')
  end
  -- Without its lease nobody knows whether it was handed out in time: then it has not expired.
  m.expiresAt = lease and expiryAfter(m, lease) or 0
  if lease then
    m.startedAt, m.worker = tonumber(lease.startedAt), lease.worker
    if lease.cancel == 'c' and not has(m.flags, 'c') then
      m.flags = 'c' .. m.flags
    end
  end
  redis.call('HSET', KEYS[TASKS], id, formatMessage(m))
  redis.call('ZREM', KEYS[PENDING], id)
  redis.call('ZADD', KEYS[RETRYING], digits(m.submittedAt), id)
  placeFirst(base, id, m)
  wake(base, wakeChannel, m.queue)
  recovered = recovered + 1
end

local function recover(id, base, seen)
  local text = redis.call('HGET', KEYS[ACTIVE], id)
  -- It was extended, ended or claimed meanwhile.
  if (text or '') ~= seen then
    return
  end
  local lease = text and parseLease(text)
  local record = redis.call('HGET', KEYS[TASKS], id)
  local m = record and parseMessage(record)
  if m and base == 0 then
    return
  end
  if text and redis.call('HDEL', KEYS[ACTIVE], id) == 1 then
    redis.call('DECR', KEYS[HELD])
  end
  if m then
    bringBack(id, base, m, lease, text ~= false)
  elseif record and not parseResult(record) and base > 0 then
    redis.call('RPUSH', KEYS[base + URGENT], id)
    recovered = recovered + 1
  end
end

for at = 4, #ARGV, FIELDS do
  recover(ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2])
end
return recovered
