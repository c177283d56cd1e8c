-- Takes one dead letter out.
-- KEYS: buried, the queue's dead letters. ARGV: id. Returns it, or nil.
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
  return false
end
local letter = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return letter
