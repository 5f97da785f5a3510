-- What the till writes: many acts in one commit. Each posted_* type is one kind of row; a batch is an array of each.
-- The functions touch nothing else, read no clock and notify nobody. Errors of class GO send the batch back to be
-- decided again: GO001 a member's books moved, GO002 a key is taken, GO003 a limit does not cover, GO004 a sale moved.

create type posted_key as (
  key_hash bigint, key_check bigint, digest bigint, member_id bigint, act_id bigint, subject text, keep_until date);
create type posted_act as (
  member_id bigint, act_id bigint, kind text, integration text, author text, request json, status smallint, answer text);
create type posted_account as (
  member_id bigint, version bigint, booked bigint, pending bigint, held bigint, debt bigint, seq bigint, active_on date);
create type posted_entry as (
  member_id bigint, booked_on date, seq bigint, act_id bigint, kind text, source text, target text, points bigint,
  balance_after bigint, occurred_at timestamptz, business_date date, shop_id bigint, purchase_id text,
  identifier_id bigint, member_as_presented bigint, reason text);
create type posted_lot as (
  member_id bigint, lot_id bigint, kind text, granted_on date, grant_year smallint, expires_on date, points bigint,
  remaining bigint, held bigint, expired bigint, act_id bigint, purchase_id text, programme_version bigint, rule text,
  funder text, origin_member_id bigint, origin_lot_id bigint);
create type posted_lot_change as (member_id bigint, lot_id bigint, remaining bigint, held bigint, expired bigint);
create type posted_move as (member_id bigint, seq bigint, lot_id bigint, points bigint, act_id bigint);
-- A slide moves all live regular lots of version since or later, never back; with a lot_id that lot alone, anyhow.
create type posted_slide as (member_id bigint, act_id bigint, lot_id bigint, today date, to_date date, since bigint);
create type posted_hold as (
  member_id bigint, hold_id text, shop_id bigint, purchase_id text, reference text, points bigint, draws json,
  expires_at timestamptz, act_id bigint, identifier_id bigint, member_as_presented bigint);
create type posted_hold_change as (
  member_id bigint, hold_id text, status text, captured bigint, draws json, points bigint);
create type posted_purchase as (
  member_id bigint, purchase_id text, shop_id bigint, external_id text, status text, occurred_at timestamptz,
  business_date date, booked_on date, act_id bigint, programme_version bigint, total bigint, payable bigint,
  document text, decision text, progress text, confirms_on date, identifier_id bigint, member_as_presented bigint);
create type posted_purchase_change as (
  member_id bigint, purchase_id text, version bigint, status text, total bigint, payable bigint, decision text,
  progress text, claimed_by bigint, confirms_on date);
create type posted_claim as (member_id bigint, purchase_id text, anchor bigint, act_id bigint);
create type posted_return as (
  member_id bigint, return_id text, purchase_id text, shop_id bigint, external_id text, occurred_at timestamptz,
  business_date date, booked_on date, act_id bigint, refund bigint, earned_reversed bigint, pending_reversed bigint,
  used_restored bigint, expired_lost bigint, shortage bigint, document json, identifier_id bigint,
  member_as_presented bigint);
create type posted_limit as (anchor bigint, code text, period text, act_id bigint, amount bigint, ceiling bigint);
create type posted_event as (member_id bigint, outbox_id bigint, topic text, shop_id bigint, body text);
create type posted_audit as (anchor bigint, author text, action text, reason text, note text, details json);

-- Keys stand in a registry of their own: on Citus this is a statement of its own, before the home's.
create function claim_keys(keys posted_key[]) returns void language plpgsql as $$
declare taken bigint;
begin
  insert into act_key (key_hash, key_check, digest, member_id, act_id, subject, keep_until)
  select * from unnest(keys) k order by k.key_hash, k.key_check
  on conflict do nothing;
  get diagnostics taken = row_count;
  if taken < cardinality(keys) then raise exception 'a key is taken' using errcode = 'GO002'; end if;
end $$;

-- One conditional update per limit and batch: draws of one limit are summed by the caller.
create function draw_limits(at timestamptz, draws posted_limit[]) returns void language plpgsql as $$
declare drawn_rows bigint;
begin
  insert into limit_account (anchor, code, period, drawn)
  select distinct d.anchor, d.code, d.period, 0 from unnest(draws) d order by 1, 2, 3
  on conflict do nothing;
  perform 1 from limit_account l
   where (l.anchor, l.code, l.period) in (select d.anchor, d.code, d.period from unnest(draws) d)
   order by l.anchor, l.code, l.period for no key update;
  update limit_account l set drawn = l.drawn + d.amount
    from (select u.anchor, u.code, u.period, sum(u.amount) as amount, min(u.ceiling) as ceiling
            from unnest(draws) u group by u.anchor, u.code, u.period) d
   where l.anchor = d.anchor and l.code = d.code and l.period = d.period
     and l.drawn + d.amount between 0 and d.ceiling;
  get diagnostics drawn_rows = row_count;
  if drawn_rows < (select count(distinct (d.anchor, d.code, d.period)) from unnest(draws) d) then
    raise exception 'a limit does not cover' using errcode = 'GO003';
  end if;
  insert into limit_draw (anchor, code, period, act_id, amount)
  select u.anchor, u.code, u.period, u.act_id, sum(u.amount) from unnest(draws) u group by 1, 2, 3, 4;
end $$;

-- Members first, over the version that was read. The rows come in member order and are taken in theirs (a nested loop
-- over the index: the till's connections know no other join), so that two batches wait for each other in one order.
create function post_accounts(accounts posted_account[]) returns void language plpgsql as $$
declare written bigint;
begin
  update member_account a set booked = u.booked, pending = u.pending, held = u.held, debt = u.debt, seq = u.seq,
         version = u.version + 1, active_on = u.active_on
    from unnest(accounts) u where a.member_id = u.member_id and a.version = u.version;
  get diagnostics written = row_count;
  if written < cardinality(accounts) then raise exception 'books moved' using errcode = 'GO001'; end if;
end $$;

-- Everything else of the members' own home.
create function post_home(
  at timestamptz, acts posted_act[], entries posted_entry[], lots posted_lot[],
  lot_changes posted_lot_change[], moves posted_move[], slides posted_slide[], holds posted_hold[],
  hold_changes posted_hold_change[], purchases posted_purchase[], purchase_changes posted_purchase_change[],
  claims posted_claim[], returns posted_return[], events posted_event[], audits posted_audit[]
) returns void language plpgsql as $$
declare written bigint;
begin
  if cardinality(purchase_changes) > 0 then
    update purchase p set status = u.status, total = u.total, payable = u.payable,
           decision = coalesce(u.decision, p.decision), progress = u.progress, claimed_by = u.claimed_by,
           confirms_on = u.confirms_on, version = u.version + 1
      from unnest(purchase_changes) u
     where p.member_id = u.member_id and p.purchase_id = u.purchase_id and p.version = u.version;
    get diagnostics written = row_count;
    if written < cardinality(purchase_changes) then raise exception 'a sale moved' using errcode = 'GO004'; end if;
  end if;
  insert into act (member_id, act_id, kind, recorded_at, integration, author, request, status, answer)
  select u.member_id, u.act_id, u.kind, at, u.integration, u.author, u.request, u.status, u.answer from unnest(acts) u;
  if cardinality(purchases) > 0 then
    insert into purchase (member_id, purchase_id, shop_id, external_id, status, occurred_at, business_date, recorded_at,
           booked_on, act_id, programme_version, total, payable, document, decision, progress, confirms_on,
           identifier_id, member_as_presented)
    select u.member_id, u.purchase_id, u.shop_id, u.external_id, u.status, u.occurred_at, u.business_date, at,
           u.booked_on, u.act_id, u.programme_version, u.total, u.payable, u.document, u.decision, u.progress,
           u.confirms_on, u.identifier_id, u.member_as_presented
      from unnest(purchases) u;
  end if;
  if cardinality(entries) > 0 then
    insert into entry (member_id, booked_on, seq, act_id, kind, source, target, points, balance_after, occurred_at,
           recorded_at, business_date, shop_id, purchase_id, identifier_id, member_as_presented, reason)
    select u.member_id, u.booked_on, u.seq, u.act_id, u.kind, u.source, u.target, u.points, u.balance_after,
           u.occurred_at, at, u.business_date, u.shop_id, u.purchase_id, u.identifier_id, u.member_as_presented, u.reason
      from unnest(entries) u;
  end if;
  if cardinality(lots) > 0 then
    insert into lot (member_id, lot_id, kind, granted_on, grant_year, expires_on, points, remaining, held, expired,
           open, act_id, purchase_id, programme_version, rule, funder, origin_member_id, origin_lot_id)
    select u.member_id, u.lot_id, u.kind, u.granted_on, u.grant_year, u.expires_on, u.points, u.remaining, u.held,
           u.expired, u.remaining <> 0, u.act_id, u.purchase_id, u.programme_version, u.rule, u.funder,
           u.origin_member_id, u.origin_lot_id
      from unnest(lots) u;
  end if;
  if cardinality(lot_changes) > 0 then
    update lot l set remaining = u.remaining, held = u.held, expired = u.expired, open = u.remaining <> 0
      from unnest(lot_changes) u where l.member_id = u.member_id and l.lot_id = u.lot_id;
    get diagnostics written = row_count;
    if written < cardinality(lot_changes) then raise exception 'a lot is missing' using errcode = 'GO001'; end if;
  end if;
  if cardinality(moves) > 0 then
    insert into lot_move (member_id, seq, lot_id, points, act_id, recorded_at)
    select u.member_id, u.seq, u.lot_id, u.points, u.act_id, at from unnest(moves) u;
  end if;
  if cardinality(slides) > 0 then
    -- Of several acts on one member or lot the farthest slide counts, and the last date given to a lot alone.
    with dated as (
      insert into lot_extension (member_id, lot_id, act_id, from_date, to_date, recorded_at)
      select distinct on (l.member_id, l.lot_id) l.member_id, l.lot_id, u.act_id, l.expires_on, u.to_date, at
        from unnest(slides) u join lot l on l.member_id = u.member_id
         and case when u.lot_id is null
                  then l.open and l.kind = 'regular' and l.programme_version >= u.since
                       and l.expires_on >= u.today and l.expires_on < u.to_date
                  else l.lot_id = u.lot_id and l.expires_on is distinct from u.to_date end
       order by l.member_id, l.lot_id, u.lot_id nulls last,
                case when u.lot_id is null then u.to_date end desc, u.act_id desc
      returning member_id, lot_id, to_date)
    update lot l set expires_on = d.to_date from dated d where l.member_id = d.member_id and l.lot_id = d.lot_id;
  end if;
  if cardinality(holds) > 0 then
    insert into hold (member_id, hold_id, shop_id, purchase_id, reference, points, status, draws, created_at,
           expires_at, act_id, identifier_id, member_as_presented)
    select u.member_id, u.hold_id, u.shop_id, u.purchase_id, u.reference, u.points, 'open', u.draws, at,
           u.expires_at, u.act_id, u.identifier_id, u.member_as_presented
      from unnest(holds) u;
  end if;
  if cardinality(hold_changes) > 0 then
    update hold h set status = u.status, captured = u.captured, draws = u.draws, points = u.points,
           ended_at = case when u.status = 'open' then null else at end
      from unnest(hold_changes) u where h.member_id = u.member_id and h.hold_id = u.hold_id;
    get diagnostics written = row_count;
    if written < cardinality(hold_changes) then raise exception 'a hold is missing' using errcode = 'GO001'; end if;
  end if;
  if cardinality(claims) > 0 then
    insert into purchase_claim (member_id, purchase_id, anchor, act_id, claimed_at)
    select u.member_id, u.purchase_id, u.anchor, u.act_id, at from unnest(claims) u;
  end if;
  if cardinality(returns) > 0 then
    insert into purchase_return (member_id, return_id, purchase_id, shop_id, external_id, occurred_at, business_date,
           recorded_at, booked_on, act_id, refund, earned_reversed, pending_reversed, used_restored, expired_lost,
           shortage, document, identifier_id, member_as_presented)
    select u.member_id, u.return_id, u.purchase_id, u.shop_id, u.external_id, u.occurred_at, u.business_date, at,
           u.booked_on, u.act_id, u.refund, u.earned_reversed, u.pending_reversed, u.used_restored, u.expired_lost,
           u.shortage, u.document, u.identifier_id, u.member_as_presented
      from unnest(returns) u;
  end if;
  if cardinality(audits) > 0 then
    insert into audit (anchor, at, author, action, reason, note, details)
    select u.anchor, at, u.author, u.action, u.reason, u.note, u.details from unnest(audits) u;
  end if;
  if cardinality(events) > 0 then
    insert into outbox (member_id, outbox_id, topic, shop_id, recorded_at, body)
    select u.member_id, u.outbox_id, u.topic, u.shop_id, at, u.body from unnest(events) u;
  end if;
end $$;

-- On one server all of it is one round trip.
create function post_batch(
  at timestamptz, keys posted_key[], limits posted_limit[], acts posted_act[], accounts posted_account[],
  entries posted_entry[], lots posted_lot[], lot_changes posted_lot_change[], moves posted_move[],
  slides posted_slide[], holds posted_hold[], hold_changes posted_hold_change[], purchases posted_purchase[],
  purchase_changes posted_purchase_change[], claims posted_claim[], returns posted_return[], events posted_event[],
  audits posted_audit[]
) returns void language plpgsql as $$
begin
  -- One lock order for everybody: members, then keys, then limits. A batch decided again under lock holds its
  -- members before it claims its keys; if this one claimed keys first, each could wait for the other.
  if cardinality(accounts) > 0 then perform post_accounts(accounts); end if;
  perform claim_keys(keys);
  if cardinality(limits) > 0 then perform draw_limits(at, limits); end if;
  perform post_home(at, acts, entries, lots, lot_changes, moves, slides, holds, hold_changes, purchases,
                    purchase_changes, claims, returns, events, audits);
end $$;
