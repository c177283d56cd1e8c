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

-- The same for many deliveries of one fence and start, without a table for each: a function of the lease's text, or
-- of false. Leases of one claim end together, so each end is looked at once.
local function holding(fence, startedAt, now)
  local delivery, goesOn = '|' .. fence .. '|' .. startedAt .. '|', {}
  return function(text)
    local expiry = text and text:match('^%d+')
    if not expiry or text:find(delivery, 1, true) ~= #expiry + 1 then
      return false
    end
    if goesOn[expiry] == nil then
      goesOn[expiry] = tonumber(expiry) > now
    end
    return goesOn[expiry]
  end
end

-- When a message expires after that delivery: what was handed out in time cannot expire any more.
local function expiryAfter(m, lease)
  return tonumber(lease.startedAt) < m.expiresAt and 0 or m.expiresAt
end
