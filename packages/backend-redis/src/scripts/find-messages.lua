-- A part of the ids of all messages that nobody holds.
-- KEYS: tasks, active. ARGV: cursor, how many records to look at.
-- Returns the next cursor ("0": that was all), then ids.
local scanned = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply = { scanned[1] }
for i = 1, #scanned[2], 2 do
  local id = scanned[2][i]
  if scanned[2][i + 1]:sub(1, 2) == 'm|' and redis.call('HEXISTS', KEYS[2], id) == 0 then
    reply[#reply + 1] = id
  end
end
return reply
