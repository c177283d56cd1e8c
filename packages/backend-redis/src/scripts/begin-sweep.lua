-- Once per interval over all processes: lets one of them look for leases that ended, and removes what is out of date.
-- KEYS: swept, active, held, tasks, expiry, finished, status of all six.
-- ARGV: now, interval in ms, dedupe window.
-- Returns now and how many leases were taken away by somebody else; nothing when another process was here lately.
local SWEPT, ACTIVE, HELD, TASKS, EXPIRY, FINISHED, STATUS = 1, 2, 3, 4, 5, 6, 7
local EXPIRED_AT_ONCE = 500

local now = clockNow(ARGV[1])
local swept = tonumber(redis.call('GET', KEYS[SWEPT]) or 0)
-- A clock that was set back must not stop the sweeps.
if now >= swept and now - swept < tonumber(ARGV[2]) then
  return {}
end
-- First what cannot grow: after that a server out of memory lets the rest be written.
redis.call('ZREMRANGEBYSCORE', KEYS[FINISHED], '-inf', digits(now - tonumber(ARGV[3])))
redis.call('SET', KEYS[SWEPT], digits(now))
sweepExpired(KEYS[TASKS], KEYS[EXPIRY], STATUS, now, EXPIRED_AT_ONCE)

local running = redis.call('HLEN', KEYS[ACTIVE])
local missing = tonumber(redis.call('GET', KEYS[HELD]) or 0) - running
if missing < 0 then
  redis.call('SET', KEYS[HELD], running)
  missing = 0
end
return { now, missing }
