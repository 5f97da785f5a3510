-- Households that were dissolved, for the sweep that gives their heads what returns still bring or take (rule 40).
create index member_pool_closed on member (member_id) where household and status = 'withdrawn';
