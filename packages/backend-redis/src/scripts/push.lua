-- Takes messages in. Calls that were put together stay groups: with a limit, a group is taken in whole or not at all.
-- KEYS: tasks, active, held, finished, buried, lanes, sequence, status of all six; per lane: its seven keys.
-- ARGV: now, wake channel, dedupe window, limit per queue ("": none), number of lanes; per lane: queue, lane;
--       per message: group, lane, id, priority, ready at, expires at, flags, origin, payload.
-- Returns now, then per message 0 taken in, 1 known, -n refused: the queue of lane n is full.
--! include clock record lanes results
local TASKS, ACTIVE, HELD, FINISHED, BURIED, LANES, SEQUENCE, STATUS = 1, 2, 3, 4, 5, 6, 7, 8
local FIRST_LANE = 14
local FIELDS = 9

local now = clockNow(ARGV[1])
local nowText = digits(now)
local wakeChannel, window, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local lanes = {}
local firstMessage = 6
for i = 1, tonumber(ARGV[5]) do
  local queue, name = ARGV[firstMessage], ARGV[firstMessage + 1]
  lanes[i] = { base = FIRST_LANE + (i - 1) * LANE_KEYS, queue = queue, name = name, wait = {}, used = false }
  firstMessage = firstMessage + 2
end
local anyFinished = redis.call('EXISTS', KEYS[FINISHED]) == 1
local anyBuried = redis.call('EXISTS', KEYS[BURIED]) == 1

-- Whether the id is in use, or was so lately that a repeated push must not run it again.
local function isKnown(id, result)
  if anyBuried and redis.call('HEXISTS', KEYS[BURIED], id) == 1 then
    return true
  end
  if anyFinished then
    local finishedAt = redis.call('ZSCORE', KEYS[FINISHED], id)
    if finishedAt and finishedAt + window > now then
      return true
    end
  end
  -- A push whose reply was lost is repeated, perhaps after the task has ended: its result says so.
  return result ~= nil and result.kind == 'f' and not result.remembered and not isGone(result, now)
end

-- Makes room for a new task under this id. Returns false when it is known, and then changes nothing.
local function makeRoom(id, dryRun)
  local record = redis.call('HGET', KEYS[TASKS], id)
  local result = record and parseResult(record) or nil
  if (record and not result) or isKnown(id, result) then
    return false
  end
  if dryRun then
    return true
  end
  if result then
    redis.call('ZREM', KEYS[STATUS + STATUSES[result.status]], id)
    -- Somebody may have stored this result over a running task, whose holder died.
    if redis.call('HDEL', KEYS[ACTIVE], id) == 1 then
      redis.call('DECR', KEYS[HELD])
    end
  end
  return true
end

local function takeIn(lane, at)
  local id, priority, payload = ARGV[at + 2], tonumber(ARGV[at + 3]), ARGV[at + 8]
  local readyAt = resolveInstant(ARGV[at + 4], now)
  if readyAt <= now then
    readyAt = 0
  end
  local sequence = 0
  if readyAt > 0 or priority ~= 0 then
    sequence = redis.call('INCR', KEYS[SEQUENCE])
  end
  local expiresAt = digits(resolveInstant(ARGV[at + 5], now))
  local header = 'm|0|1|0|' .. ARGV[at + 6] .. '|' .. priority .. '|' .. sequence .. '|' .. digits(readyAt) .. '|'
    .. expiresAt .. '|' .. nowText .. '|0|0|' .. #payload .. '|' .. lane.queue .. '|' .. lane.name .. '||'
    .. ARGV[at + 7] .. '\n'
  redis.call('HSET', KEYS[TASKS], id, header .. payload)
  lane.used = true
  if sequence == 0 then
    lane.wait[#lane.wait + 1] = id
  else
    redis.call('ZADD', KEYS[STATUS + STATUSES.pending], nowText, id)
    place(lane.base, id, { readyAt = readyAt, priority = priority, sequence = sequence, flags = '' })
    redis.call('SADD', KEYS[LANES], lane.queue .. '|' .. lane.name)
  end
end

local reply = { now }
local free = {}

-- How many more messages the queue has room for.
local function roomOf(queue)
  if not limit then
    return math.huge
  end
  if not free[queue] then
    local waiting = 0
    for _, lane in ipairs(lanes) do
      if lane.queue == queue then
        waiting = waiting + waitingIn(lane.base)
      end
    end
    free[queue] = limit - waiting
  end
  return free[queue]
end

-- The number of a lane whose queue cannot take its part of the group; nil when all can.
local function fullLane(first, last, new)
  local wanted = {}
  for at = first, last, FIELDS do
    if new[at] then
      local number = tonumber(ARGV[at + 1])
      local queue = lanes[number].queue
      wanted[queue] = (wanted[queue] or 0) + 1
      if wanted[queue] > roomOf(queue) then
        return number
      end
    end
  end
  for queue, count in pairs(wanted) do
    free[queue] = roomOf(queue) - count
  end
  return nil
end

-- The number of the lane that refuses the group; nil when it may come in.
local function refusedBy(first, last)
  local new, seen = {}, {}
  for at = first, last, FIELDS do
    local id = ARGV[at + 2]
    new[at] = not seen[id] and makeRoom(id, true)
    seen[id] = true
  end
  return fullLane(first, last, new)
end

local function takeGroup(first, last)
  local refusing = limit and refusedBy(first, last)
  for at = first, last, FIELDS do
    if not makeRoom(ARGV[at + 2], refusing) then
      reply[#reply + 1] = 1
    elseif refusing then
      reply[#reply + 1] = -refusing
    else
      takeIn(lanes[tonumber(ARGV[at + 1])], at)
      reply[#reply + 1] = 0
    end
  end
end

local first = firstMessage
while first <= #ARGV do
  local last = first
  while last + FIELDS <= #ARGV and ARGV[last + FIELDS] == ARGV[first] do
    last = last + FIELDS
  end
  takeGroup(first, last)
  first = last + FIELDS
end

for _, lane in ipairs(lanes) do
  local ids = lane.wait
  if #ids > 0 then
    local length
    for from = 1, #ids, 1000 do
      length = redis.call('RPUSH', KEYS[lane.base + WAIT], unpack(ids, from, math.min(from + 999, #ids)))
    end
    -- A list that was there before has its lane noted already.
    if length == #ids then
      redis.call('SADD', KEYS[LANES], lane.queue .. '|' .. lane.name)
    end
  end
  if lane.used then
    wake(lane.base, wakeChannel, lane.queue)
  end
end
return reply
