-- name: add_accesses!
-- Who read whose personal data: one line per member and request.
insert into personal_access (member_id, at, reader, what, request_id)
select u.member_id, u.at, u.reader, u.what, u.request_id
  from unnest(:member_ids::bigint[], :ats::timestamptz[], :readers::text[], :whats::text[], :request_ids::text[])
       as u (member_id, at, reader, what, request_id);

-- name: forget_accesses$
-- Lines older than the retention go, a piece at a time; how many.
select forget_accesses(:before, :rows_max);
