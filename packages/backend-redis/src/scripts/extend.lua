-- Holds messages for longer, or keeps what their handlers report.
-- KEYS: active.
-- ARGV: now; per lease: id, fence, ms from now ("": as it is), JSON of the progress ("": as it is).
-- Returns per lease 0 lost, 1 held, 2 held and somebody wants it to end.
local FIELDS = 4
local now = clockNow(ARGV[1])

local function extend(id, fence, ms, progress)
  local lease = heldLease(redis.call('HGET', KEYS[1], id), fence, now)
  if not lease then
    return 0
  end
  if ms ~= '' then
    lease.expiry = now + tonumber(ms)
  end
  if progress ~= '' then
    lease.progress = progress
  end
  redis.call('HSET', KEYS[1], id, formatLease(lease))
  return lease.cancel == 'c' and 2 or 1
end

-- A server out of memory lets a script write only after a write that cannot grow. Without leases it could not drain.
redis.call('HDEL', KEYS[1], '')
local reply = {}
for at = 2, #ARGV, FIELDS do
  reply[#reply + 1] = extend(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
return reply
