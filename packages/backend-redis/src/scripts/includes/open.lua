-- A claim that found nothing may stay open: its call is a text in a hash of the lane, under its token, until a push carries
-- it out or its worker takes it back. count|worker|lease in ms|max bytes|valid until|channel of the answer
local OPEN_CALL = '^(%d+)|([^|]*)|(%d+)|(%d+)|(%d*)|(.+)$'

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
