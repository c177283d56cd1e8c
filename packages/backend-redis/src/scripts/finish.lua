-- Ends messages: the final result, and the message is held no longer. Only the holder of a lease may.
-- KEYS: tasks, active, held, expiry, finished, buried, foreign, status of all six, then sets of dead letters.
-- ARGV: now, ttl ("": none), dedupe window, origin channels, task channels;
--       per run of tasks that ended alike: status, number of the dead letters' key (0: none), reason, how many;
--       per task of the run: id, fence, JSON of the progress ("": none), JSON of the result or error.
-- Returns per task 1 accepted (or was, before a repeated call), 0 refused.
--! include clock record lease notices results bury
local TASKS, ACTIVE, HELD, EXPIRY, FINISHED, BURIED, FOREIGN, STATUS = 1, 2, 3, 4, 5, 6, 7, 8
local RUN_FIELDS, FIELDS = 4, 4
-- Of a message: attempt, flags, submittedAt, bytes of the payload, origin, and where the body begins.
local ENDING = '^m|[^|\n]+|[^|\n]+|%d+|(%d+)|%d+|%-?%d+|%d+|%d+|([chlrx]*)|%d+|(%d+)|%d+|%d+|(%d+)|[^|\n]*|([^|\n]*)\n()'

local now = clockNow(ARGV[1])
local ttl, window, originChannels, taskChannels = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local expiresAt = ttl and digits(now + ttl) or '0'

-- All is read first, and written at the end: one command for many tasks costs a fraction of one for each.
local ids, runs = {}, {}
local at = 6
while at <= #ARGV do
  local first = at + RUN_FIELDS
  local run = { status = ARGV[at], deadKey = KEYS[tonumber(ARGV[at + 1])], reason = ARGV[at + 2], first = first }
  run.last = first + FIELDS * (tonumber(ARGV[at + 3]) - 1)
  runs[#runs + 1] = run
  for i = run.first, run.last, FIELDS do
    ids[#ids + 1] = ARGV[i]
  end
  at = run.last + FIELDS
end
local leases, records = {}, {}
local leaseTexts, recordTexts = redis.call('HMGET', KEYS[ACTIVE], unpack(ids)), redis.call('HMGET', KEYS[TASKS], unpack(ids))
for i, id in ipairs(ids) do
  leases[id], records[id] = leaseTexts[i], recordTexts[i] or ''
end
local released, ended, finals, ofStatus, remembered, letters = {}, {}, {}, {}, {}, {}

-- The result that a message becomes; what is damaged or was taken away counts as a payload.
local function accept(id, record, startedAt, queue, worker, fence, progress, outcome, run)
  local status = run.status
  local attempt, flags, submittedAt, payloadBytes, origin, bodyAt = record:match(ENDING)
  local payload = record
  if attempt then
    payload = record:sub(bodyAt, bodyAt + payloadBytes - 1)
  else
    attempt, flags, submittedAt, payloadBytes, origin = '1', '', startedAt, #record, ''
  end
  if has(flags, 'r') then
    remembered[#remembered + 1] = id
  end
  local final = 'f|' .. status .. '|' .. fence .. '|' .. submittedAt .. '|' .. expiresAt .. '|'
    .. (has(flags, 'r') and 'r|' or '|') .. attempt .. '|' .. startedAt - submittedAt .. '|' .. now - startedAt .. '|'
    .. payloadBytes .. '|' .. #progress .. '|' .. queue .. '|' .. worker .. '\n' .. payload .. progress .. outcome
  records[id] = final
  local n = #ended + 1
  ended[n], finals[2 * n - 1], finals[2 * n] = id, id, final
  local members = ofStatus[status] or {}
  ofStatus[status] = members
  local last = #members
  members[last + 1], members[last + 2] = submittedAt, id
  if run.deadKey then
    letters[#letters + 1] = { run.deadKey, id, run.reason, payload }
  end
  noteFinished(originChannels, origin, id, final)
end

-- Whether this very end was written already, by a call whose reply was lost.
local function isRepetition(record, result, fence, status, outcome)
  return result ~= nil and result.kind == 'f' and result.fence == tonumber(fence) and result.status == status
    and record:sub(-#outcome) == outcome
end

local function finish(id, fence, progress, outcome, run)
  local startedAt, queue, worker = holderOf(leases[id], fence, now)
  local record = records[id]
  local result = parseResult(record)
  if not startedAt then
    return isRepetition(record, result, fence, run.status, progress .. outcome) and 1 or 0
  end
  leases[id] = false
  released[#released + 1] = id
  if result then
    return 0
  end
  accept(id, record, startedAt, queue, worker, fence, progress, outcome, run)
  return 1
end

local reply = {}
for _, run in ipairs(runs) do
  for i = run.first, run.last, FIELDS do
    reply[#reply + 1] = finish(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], run)
  end
end

-- In this order, because a server out of memory lets a script write only after a write that cannot grow.
if #released > 0 then
  redis.call('HDEL', KEYS[ACTIVE], unpack(released))
  redis.call('DECRBY', KEYS[HELD], #released)
end
if #ended > 0 then
  redis.call('HSET', KEYS[TASKS], unpack(finals))
  for status, members in pairs(ofStatus) do
    redis.call('ZADD', KEYS[STATUS + STATUSES[status]], unpack(members))
  end
  if ttl then
    noteExpiry(KEYS[EXPIRY], expiresAt, ended)
  end
end
if #remembered > 0 then
  remember(KEYS[FINISHED], remembered, now, window)
end
for _, letter in ipairs(letters) do
  bury(KEYS[BURIED], letter[1], letter[2], now, letter[3], letter[4])
end
if ttl then
  sweepExpired(KEYS[TASKS], KEYS[EXPIRY], STATUS, now, 2 * #ids)
end
sendNotices()
if redis.call('EXISTS', KEYS[FOREIGN]) == 1 then
  for _, id in ipairs(ended) do
    redis.call('PUBLISH', taskChannels .. id, '')
  end
end
return reply
