-- Completion notices. Those for one process are gathered and sent in one message: per task "id|bytes\n" and so many
-- bytes of its record, 0 when it is too large to travel this way or was replaced meanwhile.
local MAX_INLINE = 4096
local noticesFor = {}
local hasListeners = {}

local function noteFinished(channels, origin, id, record)
  if origin == '' then
    return
  end
  local channel = channels .. origin
  if hasListeners[channel] == nil then
    hasListeners[channel] = redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0
  end
  if not hasListeners[channel] then
    return
  end
  local inline = #record <= MAX_INLINE and record or ''
  local notices = noticesFor[channel] or {}
  noticesFor[channel] = notices
  notices[#notices + 1] = id .. '|' .. #inline .. '\n' .. inline
end

local function sendNotices()
  for channel, notices in pairs(noticesFor) do
    redis.call('PUBLISH', channel, table.concat(notices))
  end
end
