"""Jobs: what happens without being asked.

``schedule`` lists the periodic jobs, ``worker`` runs them, ``runs`` keeps the book of their runs and sees to
it that each has one runner at a time, whatever the number of processes. Why these are sweeps over the books
and no queue: docs/decisions/0004-jobs.md.
"""
