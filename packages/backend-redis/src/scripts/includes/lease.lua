-- A lease is a text in the hash of what runs: expiry|fence|startedAt|queue|lane|worker|claim|cancel|progress. It is the
-- running record as well. claim: the token of the call that handed it out, a dot, and its number in the reply of that
-- call; cancel: c or nothing; progress: JSON or nothing.
local LEASE = '^(%d+)|(%d+)|(%d+)|([^|]+)|([^|]+)|([^|]*)|([^|]*)|(c?)|(.*)$'

-- The fields of a lease; nil when it is damaged. Numbers stay as they are written, but for the expiry.
local function parseLease(text)
  local expiry, fence, startedAt, queue, lane, worker, claim, cancel, progress = text:match(LEASE)
  if not expiry then
    return nil
  end
  return {
    expiry = tonumber(expiry), fence = fence, startedAt = startedAt,
    queue = queue, lane = lane, worker = worker, claim = claim, cancel = cancel, progress = progress,
  }
end

local function formatLease(l)
  return table.concat({
    digits(l.expiry), l.fence, l.startedAt, l.queue, l.lane, l.worker, l.claim, l.cancel, l.progress,
  }, '|')
end

local function holds(itsFence, itsExpiry, fence, now)
  return itsFence == fence and itsExpiry > now
end

-- The lease in the text, if it is of that fence and still holds; else nil.
local function heldLease(text, fence, now)
  local lease = text and parseLease(text)
  if lease and holds(lease.fence, lease.expiry, fence, now) then
    return lease
  end
  return nil
end

-- The same for what is done for every task, without a table: startedAt, queue and worker; nil when it does not hold.
local HOLDER = '^(%d+)|(%d+)|(%d+)|([^|]+)|[^|]+|([^|]*)|[^|]*|c?|'
local function holderOf(text, fence, now)
  local expiry, itsFence, startedAt, queue, worker = (text or ''):match(HOLDER)
  if expiry and holds(itsFence, tonumber(expiry), fence, now) then
    return startedAt, queue, worker
  end
  return nil
end

-- When a message expires after that delivery: what was handed out in time cannot expire any more.
local function expiryAfter(m, lease)
  return tonumber(lease.startedAt) < m.expiresAt and 0 or m.expiresAt
end
