"""Files that people export: CSV and Excel in, purchases, opening balances and members out.

Pure translation: no database, no clock. A row that cannot be used is refused with a code and words
and never stops its file; what a column means is said by a mapping (``mappings/*.toml`` for the ones
recognised by their header, a customer's own file otherwise; ``docs/howto/import.md``).
"""
