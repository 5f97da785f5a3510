-- Which import has left a file of refused rows, so that the office can hand it out. Null: a trial run, or one from before.
alter table refused_file add column import_id bigint;
