-- Takes messages in. Calls that were put together stay groups: with a limit, a group is taken in whole or not at all.
-- KEYS: tasks, active, held, finished, ended, buried, lanes, sequence, status of all six, paused; per lane: its keys.
-- ARGV: now, wake channel, 1 when the call is repeated because its reply was lost, dedupe window, limit per queue
--       ("": none), number of lanes; per lane: queue, lane;
--       per run of messages that are alike: group, lane, priority, ready at, expires at, flags, origin, how many;
--       per message of the run: id, payload.
-- Returns now, then per message 0 taken in, 1 known, -n refused: the queue of lane n is full.
local TASKS, ACTIVE, HELD, FINISHED, ENDED, BURIED, LANES, SEQUENCE, STATUS = 1, 2, 3, 4, 5, 6, 7, 8, 9
local PAUSED, FIRST_LANE = 15, 16
local RUN_FIELDS, FIELDS = 8, 2

local now = clockNow(ARGV[1])
local nowText = digits(now)
local wakeChannel, isRepetition, window, limit = ARGV[2], ARGV[3] == '1', tonumber(ARGV[4]), tonumber(ARGV[5])
-- Workers are told at the end, when all is written: a user who must not tell them is refused before. Redis 6 cannot say.
local mayDo = redis.acl_check_cmd
if mayDo and not (mayDo('PUBLISH', wakeChannel, '') and mayDo('PUBSUB', 'NUMSUB', wakeChannel)) then
  return redis.error_reply('NOPERM this user has no permissions for PUBLISH and PUBSUB on channel ' .. wakeChannel)
end
local lanes = {}
-- What is rarely there at all is looked for in one go.
local rareKeys = { KEYS[FINISHED], KEYS[BURIED] }
local at = 7
for i = 1, tonumber(ARGV[6]) do
  local queue, name = ARGV[at], ARGV[at + 1]
  local base = FIRST_LANE + (i - 1) * LANE_KEYS
  lanes[i] = { base = base, queue = queue, name = name, wait = {}, taken = 0 }
  rareKeys[#rareKeys + 1] = KEYS[base + STALE]
  at = at + 2
end
local anyRare = redis.call('EXISTS', unpack(rareKeys)) > 0
local anyFinished = anyRare and redis.call('EXISTS', KEYS[FINISHED]) == 1
local anyBuried = anyRare and redis.call('EXISTS', KEYS[BURIED]) == 1

-- Messages that are alike; a list of them is a group. What their records have in common is put together once.
local groups, ids = {}, {}
local function readRun()
  local lane = lanes[tonumber(ARGV[at + 1])]
  local run = {
    lane = lane, laneNumber = tonumber(ARGV[at + 1]), priority = tonumber(ARGV[at + 2]),
    readyAt = resolveInstant(ARGV[at + 3], now), first = at + RUN_FIELDS,
    last = at + RUN_FIELDS + FIELDS * (tonumber(ARGV[at + 7]) - 1),
  }
  if run.readyAt <= now then
    run.readyAt = 0
  end
  run.isFresh = run.readyAt == 0 and run.priority == 0
  run.head = freshHead(lane.queue, lane.name)
  run.tail = ARGV[at + 5] .. '|' .. digits(resolveInstant(ARGV[at + 4], now)) .. '|' .. nowText .. '|0|0|'
  run.origin = '||' .. ARGV[at + 6] .. '\n'
  return run
end
local lastGroup
while at <= #ARGV do
  local run = readRun()
  if ARGV[at] ~= lastGroup then
    groups[#groups + 1] = {}
    lastGroup = ARGV[at]
  end
  table.insert(groups[#groups], run)
  for i = run.first, run.last, FIELDS do
    ids[#ids + 1] = ARGV[i]
  end
  at = run.last + FIELDS
end

-- What stands under the ids, read in one go and kept up to date; the new records are written in one go, too.
local CHUNK = 1000
local records, new = {}, {}
for from = 1, #ids, CHUNK do
  local found = redis.call('HMGET', KEYS[TASKS], unpack(ids, from, math.min(from + CHUNK - 1, #ids)))
  for i, record in ipairs(found) do
    records[ids[from + i - 1]] = record
  end
end

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
  -- A push whose reply was lost is repeated, perhaps after the task has ended: its result says so, or where results are
  -- kept elsewhere, a note of its end.
  if isRepetition and redis.call('ZSCORE', KEYS[ENDED], id) then
    return true
  end
  return result ~= nil and result.kind == 'f' and not result.remembered and not isGone(result, now)
end

-- Makes room for a new task under this id. Returns false when it is known, and then changes nothing.
local function makeRoom(id, dryRun)
  local record = records[id]
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

-- An entry that an earlier message of this id left behind would be taken for the new one.
local function removeStale(lane, id)
  if lane.anyStale == nil then
    lane.anyStale = anyRare and redis.call('EXISTS', KEYS[lane.base + STALE]) == 1
  end
  if lane.anyStale and redis.call('SREM', KEYS[lane.base + STALE], id) == 1 then
    redis.call('LREM', KEYS[lane.base + WAIT], 1, id)
  end
end

local function takeIn(run, id, payload)
  local lane, head = run.lane, run.head
  removeStale(lane, id)
  lane.taken = lane.taken + 1
  if run.isFresh then
    lane.wait[#lane.wait + 1] = id
  else
    local sequence = redis.call('INCR', KEYS[SEQUENCE])
    head = 'm|' .. lane.queue .. '|' .. lane.name .. '|0|1|0|' .. run.priority .. '|' .. digits(sequence) .. '|'
      .. digits(run.readyAt) .. '|'
    redis.call('ZADD', KEYS[STATUS + STATUSES.pending], nowText, id)
    place(lane.base, id, { readyAt = run.readyAt, priority = run.priority, sequence = sequence, flags = '' })
    redis.call('SADD', KEYS[LANES], lane.queue .. '|' .. lane.name)
  end
  local record = head .. run.tail .. #payload .. run.origin .. payload
  records[id] = record
  local last = #new
  new[last + 1], new[last + 2] = id, record
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

-- The number of the lane whose queue cannot take its part of the group; nil when all can.
local function fullLane(group)
  local wanted, seen = {}, {}
  for _, run in ipairs(group) do
    local queue = run.lane.queue
    for i = run.first, run.last, FIELDS do
      local id = ARGV[i]
      if not seen[id] and makeRoom(id, true) then
        wanted[queue] = (wanted[queue] or 0) + 1
        if wanted[queue] > roomOf(queue) then
          return run.laneNumber
        end
      end
      seen[id] = true
    end
  end
  for queue, count in pairs(wanted) do
    free[queue] = roomOf(queue) - count
  end
  return nil
end

local function takeGroup(group)
  local refusing = limit and fullLane(group)
  for _, run in ipairs(group) do
    for i = run.first, run.last, FIELDS do
      local answer = 0
      if not makeRoom(ARGV[i], refusing) then
        answer = 1
      elseif refusing then
        answer = -refusing
      else
        takeIn(run, ARGV[i], ARGV[i + 1])
      end
      reply[#reply + 1] = answer
    end
  end
end

for _, group in ipairs(groups) do
  takeGroup(group)
end

-- Carries out open claims of the lane while there is something to hand out. Returns how many messages that took.
local function answerOpen(lane)
  local openClaims, handedOut = KEYS[lane.base + OPEN], 0
  while true do
    local entry = redis.call('HRANDFIELD', openClaims, 1, 'WITHVALUES')
    local token, call = entry[1], entry[2]
    if not token then
      return handedOut
    end
    local count, _, _, _, validUntil, channel = call:match(CLAIM)
    local isHeard = count and redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0
    if isHeard and now <= (tonumber(validUntil) or math.huge) then
      local keys = {
        KEYS[TASKS], KEYS[ACTIVE], KEYS[HELD], KEYS[PAUSED], KEYS[STATUS + STATUSES.pending],
        KEYS[STATUS + STATUSES.retrying], unpack(KEYS, lane.base, lane.base + LANE_KEYS - 1),
      }
      local reply = claim(keys, { ARGV[1], lane.queue, lane.name, token, call, '0' })
      if #reply == 4 then
        return handedOut
      end
      redis.call('PUBLISH', channel, answer(token, reply))
      handedOut = handedOut + (#reply - 4) / 3
    end
    redis.call('HDEL', openClaims, token)
  end
end

-- Places first: a place without its message means nothing, a message without its place would wait for ever.
for _, lane in ipairs(lanes) do
  local waiting = lane.wait
  if #waiting > 0 then
    local length
    for from = 1, #waiting, CHUNK do
      local last = math.min(from + CHUNK - 1, #waiting)
      length = redis.call('RPUSH', KEYS[lane.base + WAIT], unpack(waiting, from, last))
    end
    -- A list that was there before has its lane noted already.
    if length == #waiting then
      redis.call('SADD', KEYS[LANES], lane.queue .. '|' .. lane.name)
    end
  end
end
for from = 1, #new, 2 * CHUNK do
  redis.call('HSET', KEYS[TASKS], unpack(new, from, math.min(from + 2 * CHUNK - 1, #new)))
end
-- Workers that are idle: claims that stay open are answered, and if there is more, the others are told so.
for _, lane in ipairs(lanes) do
  local anyIdle = lane.taken > 0 and redis.call('EXISTS', KEYS[lane.base + IDLE], KEYS[lane.base + OPEN]) > 0
  if anyIdle and answerOpen(lane) < lane.taken then
    wake(lane.base, wakeChannel, lane.queue)
  end
end
return reply
