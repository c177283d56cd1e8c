-- Removes one result, never a message.
-- KEYS: tasks, status of all six. ARGV: now, channel of what is gone, id. Returns 1 or 0.
local record = redis.call('HGET', KEYS[1], ARGV[3])
if not record or not removeResult(KEYS[1], 2, ARGV[3], record, clockNow(ARGV[1])) then
  return 0
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
