-- A lease is a text in the hash of what runs: expiry|fence|startedAt|queue|lane|worker|cancel|progress. It is the
-- running record as well. cancel: c or nothing; progress: JSON or nothing.
local LEASE = '^(%d+)|(%d+)|(%d+)|([^|]+)|([^|]+)|([^|]*)|(c?)|(.*)$'

-- The fields of a lease; nil when it is damaged. Numbers stay as they are written, but for the expiry.
local function parseLease(text)
  local expiry, fence, startedAt, queue, lane, worker, cancel, progress = text:match(LEASE)
  if not expiry then
    return nil
  end
  return {
    expiry = tonumber(expiry), fence = fence, startedAt = startedAt,
    queue = queue, lane = lane, worker = worker, cancel = cancel, progress = progress,
  }
end

local function formatLease(l)
  return table.concat({ digits(l.expiry), l.fence, l.startedAt, l.queue, l.lane, l.worker, l.cancel, l.progress }, '|')
end

-- The lease of that fence, if it still holds; else nil.
local function heldLease(activeKey, id, fence, now)
  local text = redis.call('HGET', activeKey, id)
  local lease = text and parseLease(text)
  if lease and lease.fence == fence and lease.expiry > now then
    return lease
  end
  return nil
end
