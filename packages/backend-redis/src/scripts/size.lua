-- How many messages a queue has.
-- KEYS: active, the queue's dead letters; per lane: its keys.
-- ARGV: now, queue.
-- Returns waiting, delayed, running, dead.
local now, queue = clockNow(ARGV[1]), ARGV[2]
local waiting, delayed, running = 0, 0, 0
for base = 3, #KEYS, LANE_KEYS do
  local later = redis.call('ZCOUNT', KEYS[base + DELAYED], '(' .. digits(now), '+inf')
  waiting = waiting + waitingIn(base) - later
  delayed = delayed + later
end
for _, text in ipairs(redis.call('HVALS', KEYS[1])) do
  local lease = parseLease(text)
  if lease and lease.queue == queue then
    running = running + 1
  end
end
return { waiting, delayed, running, redis.call('ZCARD', KEYS[2]) }
