-- Reads records.
-- KEYS: tasks, active, foreign.
-- ARGV: now, whether only ends matter (1: of the rest just the first line is returned), ms for which notices to
--       anybody are wanted ("": not); then ids.
-- Returns per id two values: the record or nil, and the lease or nil.
local now, onlyEnds = clockNow(ARGV[1]), ARGV[2] == '1'
if ARGV[3] ~= '' then
  redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])
end

local function firstLine(record)
  return record:sub(1, record:find('\n', 1, true))
end

local reply = {}
for i = 4, #ARGV do
  local record = redis.call('HGET', KEYS[1], ARGV[i])
  local lease = false
  if record then
    local result = parseResult(record)
    if result then
      if isGone(result, now) then
        record = false
      elseif onlyEnds and not isFinal(result.status) then
        record = firstLine(record)
      end
    else
      local m = parseMessage(record)
      if m and has(m.flags, 'h') then
        record = false
      elseif m and onlyEnds then
        record = firstLine(record)
      elseif m then
        lease = redis.call('HGET', KEYS[2], ARGV[i])
      end
    end
  end
  reply[#reply + 1] = record
  reply[#reply + 1] = lease
end
return reply
