-- name: about^
-- The server's version, and what was chosen for the books.
select split_part(current_setting('server_version'), ' ', 1) as database, currency, timezone
  from installation;

-- name: totals^
-- Members, sales and points over the whole ledger.
select (select count(*) from member where status in ('active', 'provisional') and not household) as members,
       (select count(*) from purchase) as purchases,
       a.outstanding, a.pending, e.earned, e.used
  from (select coalesce(sum(booked), 0)::bigint as outstanding, coalesce(sum(pending), 0)::bigint as pending
          from member_account) a,
       (select coalesce(sum(points) filter (where kind = 'earn' and target = 'points'), 0)::bigint as earned,
               coalesce(sum(points) filter (where kind = 'redeem'), 0)::bigint as used
          from entry) e;

-- name: closed_through$
-- The last day of the last closed period.
select closed_through from installation;
