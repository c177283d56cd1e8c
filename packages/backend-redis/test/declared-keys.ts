/** The script, made to fail at the first command whose key is not among KEYS. */
export function checkDeclaredKeys(text: string): string {
  return `${GUARD}\n${text}`;
}

const GUARD = `
local unguarded = redis
local declared = {}
for _, key in ipairs(KEYS) do
  declared[key] = true
end
local keyless = { TIME = true, PUBLISH = true, PUBSUB = true }
local redis = { call = function(command, key, ...)
  if not keyless[command] then
    for _, name in ipairs(command == 'DEL' and { key, ... } or { key }) do
      if not declared[name] then
        error(command .. ' uses ' .. tostring(name) .. ', which is not declared')
      end
    end
  end
  return unguarded.call(command, key, ...)
end }
-- TIME is called without any key.
local withKey = redis.call
redis.call = function(command, ...)
  if select('#', ...) == 0 then
    return unguarded.call(command)
  end
  return withKey(command, ...)
end`;
