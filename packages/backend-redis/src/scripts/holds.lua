-- Whether messages are held, dead letters included.
-- KEYS: tasks, buried. ARGV: ids. Returns per id 1 or 0.
local reply = {}
for i, id in ipairs(ARGV) do
  local record = redis.call('HGET', KEYS[1], id)
  reply[i] = (record and not parseResult(record) or redis.call('HEXISTS', KEYS[2], id) == 1) and 1 or 0
end
return reply
