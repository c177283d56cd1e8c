-- A record is a text in the hash of tasks: a line of fields, then bytes that scripts move and never read.
--
-- m: a message that the broker holds; while it has no result, this is the task's record, too.
--    m|queue|lane|fence|attempt|crashes|priority|sequence|readyAt|flags|expiresAt|submittedAt|deferredSince|startedAt
--     |payloadBytes|worker|origin \n payload, JSON of the last error
--    flags: c cancelled, h hidden from readers, l on its last chance, r remembered, x exhausted. 0 or nothing: not
--    set. startedAt and worker are those of the last delivery that ended.
-- f: the end of a message. f|status|expiresAt|ran|fence|submittedAt|flags|attempt|waited|payloadBytes|progressBytes
--     |queue|worker \n payload, JSON of the progress, JSON of the result or error
--    waited: ms from submittedAt to the start; ran: ms from there to the end, as the worker measured them. expiresAt: the
--    time to live later.
-- r: a result that came without its message. r|status|expiresAt||fence|submittedAt|flags \n JSON of the result
local MESSAGE = '^m|([^|\n]+)|([^|\n]+)|(%d+)|(%d+)|(%d+)|(-?%d+)|(%d+)|(%d+)|([chlrx]*)|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)'
  .. '|([^|\n]*)|([^|\n]*)\n()'
local RESULT = '^([fr])|(%l+)|(%d+)|%-?%d*|(%d+)|(%d*)|(r?)[|\n]'
-- The same, without flags: to put one in.
local UNFLAGGED_RESULT = '^([fr]|%l+|%d+|%-?%d*|%d+|%d*|)([|\n])'

-- How the record of a message begins that was never handed out, is not delayed and has no priority; its flags follow.
local function freshHead(queue, lane)
  return 'm|' .. queue .. '|' .. lane .. '|0|1|0|0|0|0|'
end

-- The six sorted sets of results by status follow each other in this order.
local STATUSES = { pending = 0, running = 1, retrying = 2, success = 3, failed = 4, cancelled = 5 }

local function isFinal(status)
  return STATUSES[status] >= 3
end

-- The fields of a message by name; nil when the record is none. What is done for every task uses MESSAGE itself: a
-- table costs more than the rest of its step.
local function parseMessage(record)
  local queue, lane, fence, attempt, crashes, priority, sequence, readyAt, flags, expiresAt, submittedAt,
    deferredSince, startedAt, payloadBytes, worker, origin, bodyAt = record:match(MESSAGE)
  if not fence then
    return nil
  end
  return {
    fence = tonumber(fence), attempt = tonumber(attempt), crashes = tonumber(crashes), flags = flags,
    priority = tonumber(priority), sequence = tonumber(sequence), readyAt = tonumber(readyAt),
    expiresAt = tonumber(expiresAt), submittedAt = tonumber(submittedAt), deferredSince = tonumber(deferredSince),
    startedAt = tonumber(startedAt), payloadBytes = tonumber(payloadBytes), queue = queue, lane = lane,
    worker = worker, origin = origin, body = record:sub(bodyAt),
  }
end

local function formatMessage(m)
  return table.concat({
    'm', m.queue, m.lane, digits(m.fence), digits(m.attempt), digits(m.crashes), digits(m.priority),
    digits(m.sequence), digits(m.readyAt), m.flags, digits(m.expiresAt), digits(m.submittedAt),
    digits(m.deferredSince), digits(m.startedAt), digits(m.payloadBytes), m.worker, m.origin,
  }, '|') .. '\n' .. m.body
end

-- What decides about a result: status, fence, submittedAt (nil: none), expiresAt, remembered; nil when it is none.
local function parseResult(record)
  local kind, status, expiresAt, fence, submittedAt, flags = record:match(RESULT)
  if not kind or not STATUSES[status] then
    return nil
  end
  return {
    kind = kind, status = status, fence = tonumber(fence), submittedAt = tonumber(submittedAt),
    expiresAt = tonumber(expiresAt), remembered = flags == 'r',
  }
end

-- A result whose time to live is over counts as gone, swept or not.
local function isGone(result, now)
  return result.expiresAt ~= 0 and result.expiresAt <= now
end

local function has(flags, flag)
  return flags:find(flag, 1, true) ~= nil
end

-- Waiting lists list their messages themselves; all others are in the sorted set of their status. Takes the fields as
-- they are written in the record.
local function isIndexed(fence, readyAt, priority, flags)
  return fence ~= '0' or readyAt ~= '0' or priority ~= '0' or has(flags, 'c')
end

local function isIndexedMessage(m)
  return isIndexed(digits(m.fence), digits(m.readyAt), digits(m.priority), m.flags)
end

-- The status of a message that nobody holds.
local function waitingStatus(m)
  return m.fence == 0 and 'pending' or 'retrying'
end

-- Members of sorted sets sort by the number in front, so that equal scores keep their order.
local function placed(sequence, id)
  return string.format('%016d', sequence) .. id
end
