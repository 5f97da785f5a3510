-- Balances of random members by id.
package.path = debug.getinfo(1, 'S').source:match('^@(.*/)') .. '?.lua;' .. package.path
local common = require('common')
local digits = '0123456789abcdefghjkmnpqrstvwxyz'
local function id(n)
  local word = ''
  repeat
    local d = n % 32
    word = digits:sub(d + 1, d + 1) .. word
    n = math.floor(n / 32)
  until n == 0
  return 'm_' .. word
end
function request()
  return wrk.format('GET', '/v1/members/' .. id(common.anybody()) .. '/balance', common.headers)
end
common.finish(200)
