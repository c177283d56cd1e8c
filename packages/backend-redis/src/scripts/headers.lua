-- The first line of records, which says what they are.
-- KEYS: tasks. ARGV: ids. Returns per id the line, or nil when there is no record.
local MAX_BYTES = 1024
local reply = {}
for i, id in ipairs(ARGV) do
  local record = redis.call('HGET', KEYS[1], id)
  reply[i] = record and record:sub(1, math.min(MAX_BYTES, (record:find('\n', 1, true) or MAX_BYTES) - 1))
end
return reply
