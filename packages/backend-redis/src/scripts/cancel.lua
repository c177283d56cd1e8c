-- Asks for a message to end: its holder hears it, or the next claim gets it.
-- KEYS: tasks, active, status:pending, status:retrying, the lane's keys.
-- ARGV: wake channel, channel of the topic "cancel", id, queue, lane.
-- Returns 1 asked, 0 not held, 2 the message is in another lane.
local TASKS, ACTIVE, PENDING, RETRYING, BASE = 1, 2, 3, 4, 5
local id = ARGV[3]

local record = redis.call('HGET', KEYS[TASKS], id)
local m = record and parseMessage(record)
if not m or m.queue ~= ARGV[4] then
  return 0
end
if m.lane ~= ARGV[5] then
  return 2
end

local held = redis.call('HGET', KEYS[ACTIVE], id)
if held then
  local lease = parseLease(held)
  if lease then
    lease.cancel = 'c'
    redis.call('HSET', KEYS[ACTIVE], id, formatLease(lease))
    redis.call('PUBLISH', ARGV[2], id)
    return 1
  end
end
if has(m.flags, 'c') then
  return 1
end

-- It moves to the front. Removing it from a long list would cost: there it is left behind, and counted.
if m.readyAt > 0 and redis.call('ZREM', KEYS[BASE + DELAYED], delayedMember(m, id)) == 1 then
  m.readyAt = 0
elseif redis.call('LREM', KEYS[BASE + LAST_CHANCE], 1, id) + redis.call('LREM', KEYS[BASE + URGENT], 1, id) > 0 then
  m.readyAt = 0
elseif m.priority == 0 then
  redis.call('SADD', KEYS[BASE + STALE], id)
else
  redis.call('ZREM', KEYS[BASE + PRIORITISED], placed(m.sequence, id))
end
m.flags, m.readyAt = 'c' .. m.flags, 0
redis.call('HSET', KEYS[TASKS], id, formatMessage(m))
redis.call('ZADD', KEYS[m.fence == 0 and PENDING or RETRYING], digits(m.submittedAt), id)
redis.call('RPUSH', KEYS[BASE + URGENT], id)
wake(BASE, ARGV[1], m.queue)
return 1
