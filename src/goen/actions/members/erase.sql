-- name: refused_files
-- Files of refused rows that imports have written and that are not known to be gone.
select import_id, refused_file from import_job where refused_file is not null order by import_id;

-- name: old_refused_files
-- Those of imports that ended before a moment.
select import_id, refused_file from import_job
 where refused_file is not null and changed_at < :before and state <> 'running' order by import_id;

-- name: forget_refused_file!
-- The file is gone.
update import_job set refused_file = null where import_id = :import_id;
