-- Sales of ten lines, each with a receipt number of its own. GOEN_HOT=1: all by one member.
package.path = debug.getinfo(1, 'S').source:match('^@(.*/)') .. '?.lua;' .. package.path
local common = require('common')
local lines = {}
for i = 1, 10 do
  lines[i] = string.format('{"line":%d,"sku":"A-%03d","name":"タオル","category":"日用品","quantity":2,"unit_price":%d,' ..
    '"amount":%d,"tax_rate":%d,"cost":62}', i, i * 7, 550 + i, 1100 + 2 * i, i % 3 == 0 and 8 or 10)
end
lines = table.concat(lines, ',')
local hot = os.getenv('GOEN_HOT') == '1'
local at = os.date('!%Y-%m-%dT%H:%M:%SZ')
function request()
  local body = string.format('{"shop":"shibuya","external_id":"%s-%d","occurred_at":"%s","terminal":"01",' ..
    '"member":{"kind":"card","value":"%s"},"lines":[%s]}',
    common.run, common.next(), at, common.card(hot and 1 or common.anybody()), lines)
  return wrk.format('POST', '/v1/purchases', common.headers, body)
end
common.finish(201)
