"""Words every room may use: points, money, ids, time, refusals. Knows no table and no edge."""
