"""Staff: who works here, what their role lets them do, how they sign in.

Owns the tables ``staff``, ``staff_shop``, ``staff_session`` and ``terminal_code``. Refuses to know pages: a right is
a word such as ``points.adjust``, and which page asks for which is the pages' own table.
"""
