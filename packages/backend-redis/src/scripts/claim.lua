-- Hands messages of one lane out: each gets a lease and the next fence.
-- KEYS: tasks, active, held, paused, status:pending, status:retrying, the lane's seven keys.
-- ARGV: now, queue, lane, count, worker, lease in ms, alone (1 or 0), max bytes.
-- Returns now, ms until the next delayed message is due (-1: none), whether one waits for a worker that is alone,
--         whether there is more than the bytes allow, then per claim: id, fence, record.
--! include clock record lease lanes
local TASKS, ACTIVE, HELD, PAUSED, PENDING, RETRYING, BASE = 1, 2, 3, 4, 5, 6, 7
local PROMOTED_AT_ONCE = 1000
-- How long a worker that found nothing counts as idle; it asks again every second.
local IDLE_MS = 5000

local now = clockNow(ARGV[1])
local queue, lane, count, worker = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local leaseTail = digits(now) .. '|' .. queue .. '|' .. lane .. '|' .. worker .. '|'
local expiry = digits(now + tonumber(ARGV[6]))
local alone, maxBytes = ARGV[7] == '1', tonumber(ARGV[8])

local reply = { now, -1, 0, 0 }
if redis.call('SISMEMBER', KEYS[PAUSED], queue) == 1 then
  return reply
end
local claimed, bytes = 0, 0

local function isFull()
  return claimed >= count or bytes >= maxBytes
end

-- Moves what is due to where it waits for its turn. Returns ms until the next one is due, or -1.
local function promote()
  local key = KEYS[BASE + DELAYED]
  local head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if #head == 0 then
    return -1
  end
  if tonumber(head[2]) > now then
    return tonumber(head[2]) - now
  end
  local members = redis.call('ZRANGEBYSCORE', key, '-inf', digits(now), 'LIMIT', 0, PROMOTED_AT_ONCE)
  for _, member in ipairs(members) do
    local due, id = member:sub(1, 3), member:sub(20)
    redis.call('ZREM', key, member)
    if due == DUE_LAST_CHANCE then
      redis.call('RPUSH', KEYS[BASE + LAST_CHANCE], id)
    elseif due == DUE_EXHAUSTED then
      redis.call('RPUSH', KEYS[BASE + URGENT], id)
    elseif due == DUE_PLAIN or not tonumber(due) then
      redis.call('RPUSH', KEYS[BASE + WAIT], id)
    else
      redis.call('ZADD', KEYS[BASE + PRIORITISED], due - 100, member:sub(4))
    end
  end
  head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return #head == 0 and -1 or math.max(0, tonumber(head[2]) - now)
end

local function handOut(id, fence, record, cancelled)
  -- The message may stand in its list twice.
  local lease = expiry .. '|' .. digits(fence) .. '|' .. leaseTail .. cancelled .. '|'
  if redis.call('HSETNX', KEYS[ACTIVE], id, lease) == 0 then
    return false
  end
  claimed = claimed + 1
  bytes = bytes + #record
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = id, digits(fence), record
  return true
end

-- Takes one id that was removed from its list. An entry that means nothing any more is dropped.
local function take(id, mayBeLast)
  local record = redis.call('HGET', KEYS[TASKS], id)
  if not record then
    return redis.call('SREM', KEYS[BASE + STALE], id)
  end
  local fence, _, _, flags, priority, _, readyAt = record:match(MESSAGE)
  if not fence then
    -- Damaged: it has no fence of its own to count on, and time only grows.
    return not parseResult(record) and handOut(id, now, record, '') or redis.call('SREM', KEYS[BASE + STALE], id)
  end
  if tonumber(readyAt) > now then
    return redis.call('SREM', KEYS[BASE + STALE], id)
  end
  -- A message that may have killed its workers must not take neighbours along: an empty process gets it.
  if has(flags, 'l') and not mayBeLast and not has(flags, 'c') then
    return redis.call('RPUSH', KEYS[BASE + LAST_CHANCE], id)
  end
  if not handOut(id, fence + 1, record, flags:match('c') or '') then
    return redis.call('SREM', KEYS[BASE + STALE], id)
  end
  if isIndexed(fence, readyAt, priority, flags) then
    redis.call('ZREM', KEYS[fence == '0' and PENDING or RETRYING], id)
  end
  if has(flags, 'h') then
    local m = parseMessage(record)
    m.flags = m.flags:gsub('h', '')
    redis.call('HSET', KEYS[TASKS], id, formatMessage(m))
  end
end

local function takeFromList(key, mayBeLast)
  while not isFull() do
    local ids = redis.call('LPOP', key, mayBeLast and 1 or count - claimed)
    if not ids then
      return
    end
    for i, id in ipairs(ids) do
      if isFull() then
        for back = #ids, i, -1 do
          redis.call('LPUSH', key, ids[back])
        end
        return
      end
      take(id, mayBeLast)
      if mayBeLast and claimed > 0 then
        return
      end
    end
  end
end

local function takePrioritised(from, to)
  local key = KEYS[BASE + PRIORITISED]
  while not isFull() do
    local members = redis.call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, count - claimed)
    if #members == 0 then
      return
    end
    for _, member in ipairs(members) do
      if isFull() then
        return
      end
      redis.call('ZREM', key, member)
      take(member:sub(17), false)
    end
  end
end

reply[2] = promote()
if alone and redis.call('EXISTS', KEYS[BASE + URGENT]) == 0 then
  takeFromList(KEYS[BASE + LAST_CHANCE], true)
end
local servedLastChance = claimed > 0
if claimed == 0 then
  takeFromList(KEYS[BASE + URGENT], false)
  local prioritised = redis.call('ZCARD', KEYS[BASE + PRIORITISED]) > 0
  if prioritised then
    takePrioritised('-inf', '(0')
  end
  takeFromList(KEYS[BASE + WAIT], false)
  if prioritised then
    takePrioritised('0', '+inf')
  end
  if alone and claimed == 0 then
    takeFromList(KEYS[BASE + LAST_CHANCE], true)
    servedLastChance = claimed > 0
  end
end
if claimed < count and bytes >= maxBytes and not servedLastChance then
  reply[4] = 1
end
reply[3] = redis.call('EXISTS', KEYS[BASE + LAST_CHANCE])
if claimed > 0 then
  redis.call('INCRBY', KEYS[HELD], claimed)
end
-- In this order, because a server out of memory lets a script write only after a write that cannot grow.
if not isFull() and redis.call('PEXPIRE', KEYS[BASE + IDLE], IDLE_MS) == 0 then
  redis.call('SET', KEYS[BASE + IDLE], '1', 'PX', IDLE_MS)
end
return reply
