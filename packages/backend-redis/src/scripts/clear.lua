-- Removes a part of all results, never a message.
-- KEYS: tasks, status of all six. ARGV: now, cursor, how many records to look at.
-- Returns the next cursor ("0": that was all) and how many results went.
local now = clockNow(ARGV[1])
local scanned = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local removed = 0
for i = 1, #scanned[2], 2 do
  if removeResult(KEYS[1], 2, scanned[2][i], scanned[2][i + 1], now) then
    removed = removed + 1
  end
end
return { scanned[1], removed }
