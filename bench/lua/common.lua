-- What the scripts share: the key, a random member's card, counting, and one line of result for the bench to read.
local common = {}
common.key = os.getenv('GOEN_KEY')
common.members = tonumber(os.getenv('GOEN_MEMBERS') or '100000')
common.headers = { ['Authorization'] = 'Bearer ' .. common.key, ['Content-Type'] = 'application/json' }
math.randomseed(os.time() * 1000 + (tonumber(tostring({}):match('0x(%x+)'), 16) or 0) % 1000)
common.run = string.format('%d-%d', os.time(), math.random(1, 1000000000))
common.n = 0
function common.card(n) return string.format('29%010d0', n) end
function common.anybody() return math.random(1, common.members) end
function common.next() common.n = common.n + 1; return common.n end
function common.finish(wished)
  function response(status) if status ~= wished then wrong = (wrong or 0) + 1 end end
  local threads = {}
  function setup(thread) table.insert(threads, thread) end
  function done(summary, latency)
    local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    for _, thread in ipairs(threads) do bad = bad + (thread:get('wrong') or 0) end
    io.write(string.format('RESULT %d %d %d %d %d %d\n', summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9), bad))
  end
end
return common
