-- name: newcomers
-- Members who have registered since then and were given nothing by this rule; those of an import have joined elsewhere.
select m.member_id, m.birth_date, coalesce(m.registered_at, m.joined_at) as since
  from (select j.member_id from member j where j.joined_at >= :since and j.registered_at is null
        union all
        select g.member_id from member g where g.registered_at >= :since) n
  join member m on m.member_id = n.member_id
 where m.status = 'active' and not m.household and (m.import_id is null or m.registered_at is not null)
   and not exists (select from standing_grant s where s.member_id = m.member_id and s.code = :code)
   and m.member_id > :after
 order by m.member_id limit :piece;

-- name: sweeps
-- How far the day's sweeps have come.
select s.code, s.version, s.day, s.after, s.done from standing_sweep s;

-- name: put_sweep!
-- The sweep for a rule has come so far.
insert into standing_sweep (code, version, day, after, done) values (:code, :version, :day, :after, :done)
    on conflict (code) do update set version = excluded.version, day = excluded.day, after = excluded.after,
       done = excluded.done;

-- name: members_after
-- The next members in the order of their numbers, with what a birthday asks of them.
select m.member_id, m.birth_date, coalesce(m.registered_at, m.joined_at) as since,
       m.import_id is null or m.registered_at is not null as joined_here,
       case when m.household then 'household' else m.status end as status
  from member m where m.member_id > :after order by m.member_id limit :rows;

-- name: had
-- Which of these occasions a rule has given already; of birthdays any rule.
select s.member_id, s.occasion
  from unnest(:members::bigint[], :occasions::text[]) as i (member_id, occasion)
  join standing_grant s on s.member_id = i.member_id and s.code = any(:codes::text[]) and s.occasion = i.occasion;

-- name: birthdays
-- All birthday rules.
select r.code from standing_rule r where r.kind = 'birthday';
