-- Ends messages: the final result, and the message is held no longer. Only the holder of a lease may.
-- KEYS: tasks, active, held, expiry, finished, buried, foreign, status of all six, then sets of dead letters.
-- ARGV: now, ttl ("": none), dedupe window, origin channels, task channels;
--       per run of tasks that ended alike: status, fence, startedAt, flags (r: remembered), origin, number of the dead
--       letters' key (0: none), reason, how many;
--       per task of the run: id, submittedAt, and its record, which is stored as it is.
-- Returns a text with one digit per task: 1 accepted (or was, before a repeated call), 0 refused.
local TASKS, ACTIVE, HELD, EXPIRY, FINISHED, BURIED, FOREIGN, STATUS = 1, 2, 3, 4, 5, 6, 7, 8
local RUN_FIELDS, FIELDS = 8, 3

local now = clockNow(ARGV[1])
local ttl, window, originChannels, taskChannels = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]

-- All is read first, and written at the end: one command for many tasks costs a fraction of one for each.
local ids, runs, ofStatus = {}, {}, {}
local at = 6
while at <= #ARGV do
  local status, startedAt = ARGV[at], ARGV[at + 2]
  ofStatus[status] = ofStatus[status] or {}
  local first = at + RUN_FIELDS
  local run = {
    first = first, last = first + FIELDS * (tonumber(ARGV[at + 7]) - 1),
    isHeld = holding(ARGV[at + 1], startedAt, now),
    members = ofStatus[status], isRemembered = has(ARGV[at + 3], 'r'), notices = noticesFor(originChannels, ARGV[at + 4]),
    deadKey = KEYS[tonumber(ARGV[at + 5])], reason = ARGV[at + 6],
  }
  runs[#runs + 1] = run
  for i = first, run.last, FIELDS do
    ids[#ids + 1] = ARGV[i]
  end
  at = run.last + FIELDS
end
local leases = {}
for i, lease in ipairs(redis.call('HMGET', KEYS[ACTIVE], unpack(ids))) do
  leases[ids[i]] = lease
end
local ended, finals, remembered, letters = {}, {}, {}, {}

-- A dead letter is the payload of its message; what is damaged or was taken away counts as one.
local function noteDead(id, deadKey, reason)
  local record = redis.call('HGET', KEYS[TASKS], id) or ''
  local m = parseMessage(record)
  letters[#letters + 1] = { deadKey, id, reason, m and m.body:sub(1, m.payloadBytes) or record }
end

local function accept(run, id, submittedAt, record)
  local n = #ended + 1
  ended[n], finals[2 * n - 1], finals[2 * n] = id, id, record
  local members = run.members
  local last = #members
  members[last + 1], members[last + 2] = submittedAt, id
  noteFinished(run.notices, id, record)
  if run.isRemembered then
    remembered[#remembered + 1] = id
  end
  if run.deadKey then
    noteDead(id, run.deadKey, run.reason)
  end
end

local function withoutTimes(record)
  return (record:gsub('^(f|%l+)|%d+|%-?%d+', '%1'))
end

-- Whether this very end was written already, by a call whose reply was lost.
local function isRepetition(id, record)
  local stored = redis.call('HGET', KEYS[TASKS], id)
  return stored and withoutTimes(stored) == withoutTimes(record)
end

local function finish(run, id, submittedAt, record)
  if not run.isHeld(leases[id]) then
    return isRepetition(id, record) and '1' or '0'
  end
  leases[id] = false
  accept(run, id, submittedAt, record)
  return '1'
end

local reply = {}
for _, run in ipairs(runs) do
  for i = run.first, run.last, FIELDS do
    reply[#reply + 1] = finish(run, ARGV[i], ARGV[i + 1], ARGV[i + 2])
  end
end

-- In this order, because a server out of memory lets a script write only after a write that cannot grow.
if #ended > 0 then
  redis.call('HDEL', KEYS[ACTIVE], unpack(ended))
  redis.call('DECRBY', KEYS[HELD], #ended)
  redis.call('HSET', KEYS[TASKS], unpack(finals))
  for status, members in pairs(ofStatus) do
    if #members > 0 then
      redis.call('ZADD', KEYS[STATUS + STATUSES[status]], unpack(members))
    end
  end
  if ttl then
    noteExpiry(KEYS[EXPIRY], digits(now + ttl), ended)
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
return table.concat(reply)
