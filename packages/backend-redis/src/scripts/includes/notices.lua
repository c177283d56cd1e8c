-- Completion notices. Those for one process are gathered and sent in one message: per task "id|bytes\n" and so many
-- bytes of its record, 0 when it is too large to travel this way or was replaced meanwhile. A user who may not send them
-- ends tasks all the same: who waits looks by himself.
local MAX_INLINE = 4096
local noticesOf = {}

-- The notices for whoever submitted a task; nil when nobody listens there.
local function noticesFor(channels, origin)
  if origin == '' then
    return nil
  end
  local channel = channels .. origin
  if noticesOf[channel] == nil then
    local listeners = redis.pcall('PUBSUB', 'NUMSUB', channel)[2] or 0
    noticesOf[channel] = listeners > 0 and {}
  end
  return noticesOf[channel] or nil
end

local function noteFinished(notices, id, record)
  if not notices then
    return
  end
  local inline = #record <= MAX_INLINE and record or ''
  local last = #notices
  notices[last + 1], notices[last + 2] = id .. '|' .. #inline .. '\n', inline
end

local function sendNotices()
  for channel, notices in pairs(noticesOf) do
    if notices and #notices > 0 then
      redis.pcall('PUBLISH', channel, table.concat(notices))
    end
  end
end
