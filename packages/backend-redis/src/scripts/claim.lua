-- Hands messages of one lane out: each gets a lease and the next fence.
-- KEYS: tasks, active, held, paused, status:pending, status:retrying, the lane's keys.
-- ARGV: now, queue, lane, token of this call, the call as scripts/includes/open.lua tells it, 1 when the worker's process is
--       empty and the call may hand out a message that is to run alone.
-- Returns now, ms until the next delayed message is due (-1: none), whether one waits for a worker that is alone,
--         1 when there is more than the bytes allow, 2 when the call stays open, then per claim: id, fence, record.
local TASKS, ACTIVE, HELD, PAUSED, PENDING, RETRYING, BASE = 1, 2, 3, 4, 5, 6, 7
local PROMOTED_AT_ONCE = 1000
-- How long a worker that found nothing counts as idle; it asks again every second.
local IDLE_MS = 5000

local now = clockNow(ARGV[1])
local queue, lane, token, call, alone = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'
local count, worker, leaseMs, maxBytes, validUntil, channel = call:match(CLAIM)
count, maxBytes = tonumber(count), tonumber(maxBytes)
local leaseTail = digits(now) .. '|' .. queue .. '|' .. lane .. '|' .. worker .. '|' .. token .. '.'
local expiry = digits(now + tonumber(leaseMs))

local reply = { now, -1, 0, 0 }
-- It was so long on its way that nobody waits for the reply any more.
if now > (tonumber(validUntil) or math.huge) then
  return reply
end
-- Mostly all that there is waits in the plain list: whether there is more is asked once.
local onlyPlain = redis.call(
  'EXISTS', KEYS[PAUSED], KEYS[BASE + PRIORITISED], KEYS[BASE + DELAYED], KEYS[BASE + URGENT], KEYS[BASE + LAST_CHANCE]
) == 0
if not onlyPlain and redis.call('SISMEMBER', KEYS[PAUSED], queue) == 1 then
  return reply
end
local claimed, bytes = 0, 0
local FRESH, FRESH_REMEMBERED = freshHead(queue, lane) .. '|', freshHead(queue, lane) .. 'r|'
-- What was handed out so far: id → true; the leases as they are written, together, at the end.
local given, leases = {}, {}

local function isFull()
  return claimed >= count or bytes >= maxBytes
end

-- How many to look at in one go. Few at first: they may be large, and what does not fit in was read in vain.
local atOnce = 4
local function nextCount()
  atOnce = atOnce * 2
  return math.min(atOnce, count - claimed)
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
  given[id] = true
  local fenceText = fence == 1 and '1' or digits(fence)
  local lease = expiry .. '|' .. fenceText .. '|' .. leaseTail .. digits(claimed) .. '|' .. cancelled .. '|'
  local last = 2 * claimed
  leases[last + 1], leases[last + 2] = id, lease
  last = #reply
  reply[last + 1], reply[last + 2], reply[last + 3] = id, fence, record
  claimed = claimed + 1
  bytes = bytes + #record
end

-- An entry that means nothing any more is dropped, and counted no longer.
local function drop(id)
  redis.call('SREM', KEYS[BASE + STALE], id)
end

local function isFresh(record)
  return record:find(FRESH, 1, true) == 1 or record:find(FRESH_REMEMBERED, 1, true) == 1
end

-- Takes one id that was removed from a list of the lane, or from its sorted set, where it had that sequence number.
local function take(id, record, list, itsPlace)
  if not record then
    return drop(id)
  end
  if list == WAIT and isFresh(record) then
    return handOut(id, 1, record, '')
  end
  local itsQueue, itsLane, fence, _, _, priority, sequence, readyAt, flags = record:match(MESSAGE)
  if not fence then
    if parseResult(record) then
      return drop(id)
    end
    -- Damaged: it has no fence of its own to count on, and time only grows.
    return handOut(id, now, record, '')
  end
  local isHere = itsQueue == queue and itsLane == lane and waitsIn(priority, flags) == list
  if not isHere or tonumber(readyAt) > now or (itsPlace and itsPlace ~= placed(sequence, '')) then
    return drop(id)
  end
  handOut(id, fence + 1, record, flags:match('c') or '')
  if isIndexed(fence, readyAt, priority, flags) then
    redis.call('ZREM', KEYS[fence == '0' and PENDING or RETRYING], id)
  end
  if has(flags, 'h') then
    local m = parseMessage(record)
    m.flags = m.flags:gsub('h', '')
    redis.call('HSET', KEYS[TASKS], id, formatMessage(m))
  end
end

-- Takes ids that were removed from a list of the lane, or from its sorted set, where they had those sequence numbers.
-- Returns how many fitted in. A message may stand in its list twice, or be held already.
local function takeAll(ids, list, places)
  local records = redis.call('HMGET', KEYS[TASKS], unpack(ids))
  local held = redis.call('HMGET', KEYS[ACTIVE], unpack(ids))
  for i, id in ipairs(ids) do
    if isFull() then
      return i - 1
    end
    if held[i] or given[id] then
      drop(id)
    else
      take(id, records[i], list, places and places[i])
    end
  end
  return #ids
end

local function takeFromList(list)
  local key = KEYS[BASE + list]
  -- A message that may have killed its workers must not take neighbours along: an empty process gets it, and nothing else.
  local onlyOne = list == LAST_CHANCE
  while not isFull() do
    local ids = redis.call('LPOP', key, onlyOne and 1 or nextCount())
    if not ids then
      return
    end
    for back = #ids, takeAll(ids, list) + 1, -1 do
      redis.call('LPUSH', key, ids[back])
    end
    if onlyOne and claimed > 0 then
      return
    end
  end
end

local function takePrioritised(from, to)
  local key = KEYS[BASE + PRIORITISED]
  while not isFull() do
    local members = redis.call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, nextCount())
    if #members == 0 then
      return
    end
    local ids, places = {}, {}
    for i, member in ipairs(members) do
      ids[i], places[i] = member:sub(17), member:sub(1, 16)
    end
    redis.call('ZREM', key, unpack(members, 1, takeAll(ids, PRIORITISED, places)))
  end
end

local servedLastChance = false
if onlyPlain then
  takeFromList(WAIT)
else
  reply[2] = promote()
  if alone and redis.call('EXISTS', KEYS[BASE + URGENT]) == 0 then
    takeFromList(LAST_CHANCE)
  end
  servedLastChance = claimed > 0
  if claimed == 0 then
    takeFromList(URGENT)
    local prioritised = redis.call('ZCARD', KEYS[BASE + PRIORITISED]) > 0
    if prioritised then
      takePrioritised('-inf', '(0')
    end
    takeFromList(WAIT)
    if prioritised then
      takePrioritised('0', '+inf')
    end
    if alone and claimed == 0 then
      takeFromList(LAST_CHANCE)
    end
  end
  reply[3] = redis.call('EXISTS', KEYS[BASE + LAST_CHANCE])
end
if claimed < count and bytes >= maxBytes and not servedLastChance then
  reply[4] = 1
end
if claimed > 0 then
  redis.call('HSET', KEYS[ACTIVE], unpack(leases))
  redis.call('INCRBY', KEYS[HELD], claimed)
end
-- In this order, because a server out of memory lets a script write only after a write that cannot grow.
if not isFull() and redis.call('PEXPIRE', KEYS[BASE + IDLE], IDLE_MS) == 0 then
  redis.call('SET', KEYS[BASE + IDLE], '1', 'PX', IDLE_MS)
end
if claimed == 0 and reply[3] == 0 and channel ~= '' then
  redis.call('HSET', KEYS[BASE + OPEN], token, call)
  redis.call('PEXPIRE', KEYS[BASE + OPEN], IDLE_MS)
  reply[4] = 2
end
return reply
