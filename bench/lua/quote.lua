-- Quotes of ten lines for a random member.
package.path = debug.getinfo(1, 'S').source:match('^@(.*/)') .. '?.lua;' .. package.path
local common = require('common')
local lines = {}
for i = 1, 10 do
  lines[i] = string.format('{"line":%d,"sku":"A-%03d","quantity":2,"unit_price":%d,"amount":%d,"tax_rate":10}', i, i, 550, 1100)
end
lines = table.concat(lines, ',')
local at = os.date('!%Y-%m-%dT%H:%M:%SZ')
function request()
  local body = string.format('{"shop":"shibuya","occurred_at":"%s","member":{"kind":"card","value":"%s"},"lines":[%s]}',
    at, common.card(common.anybody()), lines)
  return wrk.format('POST', '/v1/quotes', common.headers, body)
end
common.finish(200)
