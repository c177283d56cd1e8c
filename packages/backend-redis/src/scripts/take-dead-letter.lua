-- Takes one dead letter out; its id is known no longer.
-- KEYS: buried, the queue's dead letters, finished, tasks. ARGV: id. Returns it, or nil.
local BURIED, DEAD, FINISHED, TASKS = 1, 2, 3, 4
local id = ARGV[1]
if redis.call('ZREM', KEYS[DEAD], id) == 0 then
  return false
end
local letter = redis.call('HGET', KEYS[BURIED], id)
redis.call('HDEL', KEYS[BURIED], id)
redis.call('ZREM', KEYS[FINISHED], id)
-- An end that counts as remembered makes its id known only as long as `finished` has it.
local record = redis.call('HGET', KEYS[TASKS], id)
local result = record and parseResult(record)
if result and result.kind == 'f' and not result.remembered then
  redis.call('HSET', KEYS[TASKS], id, (record:gsub(UNFLAGGED_RESULT, '%1r%2', 1)))
end
return letter
