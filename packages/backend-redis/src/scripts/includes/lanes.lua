-- The keys of a lane follow each other, in this order, from `base` on.
local WAIT, PRIORITISED, DELAYED, URGENT, LAST_CHANCE, STALE, IDLE, OPEN = 0, 1, 2, 3, 4, 5, 6, 7
local LANE_KEYS = 8

-- Tells idle workers of the lane, if there are any, that there is something.
local function wake(base, channel, queue)
  if redis.call('DEL', KEYS[base + IDLE]) == 1 then
    redis.call('PUBLISH', channel, queue)
  end
end

-- Three digits in front say where a message goes that becomes due, so that it need not be read: its priority plus 100,
-- or that it is on its last chance, or exhausted.
local DUE_PLAIN, DUE_LAST_CHANCE, DUE_EXHAUSTED = '100', '998', '999'

local function delayedMember(m, id)
  local due = string.format('%03d', m.priority + 100)
  if has(m.flags, 'x') then
    due = DUE_EXHAUSTED
  elseif has(m.flags, 'l') then
    due = DUE_LAST_CHANCE
  end
  return due .. placed(m.sequence, id)
end

-- Where a message that is not delayed waits for its turn. An entry of it in another place, or in another lane, was left
-- behind: by a cancel that moved it to the front, or by an earlier message of the same id. Such an entry means nothing.
local function waitsIn(priority, flags)
  if has(flags, 'c') or has(flags, 'x') then
    return URGENT
  elseif has(flags, 'l') then
    return LAST_CHANCE
  end
  return tonumber(priority) == 0 and WAIT or PRIORITISED
end

-- Puts a message where it waits for its turn. Sorted sets need a sequence number that was drawn before.
local function place(base, id, m)
  if m.readyAt > 0 then
    redis.call('ZADD', KEYS[base + DELAYED], digits(m.readyAt), delayedMember(m, id))
    return
  end
  local list = waitsIn(m.priority, m.flags)
  if list == PRIORITISED then
    redis.call('ZADD', KEYS[base + PRIORITISED], m.priority, placed(m.sequence, id))
  else
    redis.call('RPUSH', KEYS[base + list], id)
  end
end

-- Puts a message in front of those of its priority, unless its sequence number says where.
local function placeFirst(base, id, m)
  local list = waitsIn(m.priority, m.flags)
  if list == PRIORITISED then
    redis.call('ZADD', KEYS[base + PRIORITISED], m.priority, placed(m.sequence, id))
  else
    redis.call('LPUSH', KEYS[base + list], id)
  end
end

-- Messages of the lane that wait, delayed ones included.
local function waitingIn(base)
  return redis.call('LLEN', KEYS[base + WAIT]) - redis.call('SCARD', KEYS[base + STALE])
    + redis.call('ZCARD', KEYS[base + PRIORITISED]) + redis.call('ZCARD', KEYS[base + DELAYED])
    + redis.call('LLEN', KEYS[base + URGENT]) + redis.call('LLEN', KEYS[base + LAST_CHANCE])
end
