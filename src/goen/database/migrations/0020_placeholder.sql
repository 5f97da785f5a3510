-- Reserved: replaced when the branches meet.
select 1;
