-- name: refused_files
-- Files of refused rows that imports, dry runs too, have left and that are not known to be gone.
select path from refused_file order by path;

-- name: old_refused_files
-- Those written before a moment.
select path from refused_file where written_at < :before order by path;

-- name: forget_refused_file!
-- The file is gone.
delete from refused_file where path = :path;
