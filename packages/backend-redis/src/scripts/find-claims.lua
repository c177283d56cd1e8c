-- A part of the leases that certain calls of claim handed out.
-- KEYS: active. ARGV: now, cursor, how many leases to look at, then the tokens of the calls.
-- Returns now and the next cursor ("0": that was all), then per lease: id, fence, queue, lane, token, number in the
-- reply of its call.
local wanted = {}
for at = 4, #ARGV do
  wanted[ARGV[at]] = true
end
local scanned = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local reply = { clockNow(ARGV[1]), scanned[1] }
for i = 1, #scanned[2], 2 do
  local lease = parseLease(scanned[2][i + 1])
  local token, number = (lease and lease.claim or ''):match('^(.*)%.(%d+)$')
  if wanted[token or ''] then
    for _, value in ipairs({ scanned[2][i], lease.fence, lease.queue, lease.lane, token, number }) do
      reply[#reply + 1] = value
    end
  end
end
return reply
