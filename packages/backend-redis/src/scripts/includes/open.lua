-- A claim as its worker sends it: count|worker|lease in ms|max bytes|valid until on the server's clock ("": for ever)
-- |channel of the answer if it may stay open ("": it may not). Then, when it finds nothing, it is kept in a hash of the lane,
-- under its token, until a push carries it out or its worker takes it back.
local CLAIM = '^(%d+)|([^|]*)|(%d+)|(%d+)|(%d*)|(.*)$'

-- The answer, of what scripts/claim.lua returned: "token|now\n", then per claim "id|fence|bytes\n" and so many bytes of its
-- record.
local function answer(token, reply)
  local parts = { token .. '|' .. digits(reply[1]) .. '\n' }
  for i = 5, #reply, 3 do
    local last = #parts
    parts[last + 1] = reply[i] .. '|' .. digits(reply[i + 1]) .. '|' .. #reply[i + 2] .. '\n'
    parts[last + 2] = reply[i + 2]
  end
  return table.concat(parts)
end
