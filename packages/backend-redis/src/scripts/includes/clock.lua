-- Milliseconds since the epoch: the server's clock, unless a test gives the time. Time stands still within a call.
local serverNow
local function clockNow(given)
  if given ~= '' then
    return tonumber(given)
  end
  if not serverNow then
    local time = redis.call('TIME')
    serverNow = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return serverNow
end

-- "+250": from now; "1700000000000": a point in time; "": none, which is 0.
local function resolveInstant(text, now)
  if text == '' then
    return 0
  end
  if text:sub(1, 1) == '+' then
    return now + tonumber(text)
  end
  return tonumber(text)
end

-- Whole numbers as digits: by default Lua would write large ones as 1e+15.
local function digits(number)
  return string.format('%d', number)
end
