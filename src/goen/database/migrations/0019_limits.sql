-- Draws on limits in two passes: accounts that are there are updated in their order, over an index look-up each, and
-- new ones begin with what is drawn. Draws of one limit are summed, so that each account is written once a batch.
create or replace function draw_limits(at timestamptz, draws posted_limit[]) returns void language plpgsql as $$
declare summed posted_limit[]; updated bigint; begun bigint := 0;
begin
  select array_agg(row(d.anchor, d.code, d.period, 0, d.amount, d.ceiling)::posted_limit order by d.anchor, d.code, d.period)
    into summed
    from (select u.anchor, u.code, u.period, sum(u.amount)::bigint as amount, min(u.ceiling) as ceiling
            from unnest(draws) u group by u.anchor, u.code, u.period) d;
  update limit_account l set drawn = l.drawn + d.amount
    from unnest(summed) d
   where l.anchor = d.anchor and l.code = d.code and l.period = d.period
     and l.drawn + d.amount between 0 and d.ceiling;
  get diagnostics updated = row_count;
  if updated < cardinality(summed) then
    -- One that is drawn up stands in the way of its own beginning, and so does one that another has just begun.
    insert into limit_account (anchor, code, period, drawn)
    select d.anchor, d.code, d.period, d.amount from unnest(summed) d
     where d.amount between 0 and d.ceiling
       and not exists (select from limit_account l where l.anchor = d.anchor and l.code = d.code and l.period = d.period)
     order by d.anchor, d.code, d.period
        on conflict do nothing;
    get diagnostics begun = row_count;
  end if;
  if updated + begun < cardinality(summed) then
    raise exception 'a limit does not cover' using errcode = 'GO003';
  end if;
  insert into limit_draw (anchor, code, period, act_id, amount)
  select u.anchor, u.code, u.period, u.act_id, sum(u.amount) from unnest(draws) u group by 1, 2, 3, 4;
end $$;
