"""The ground: where PostgreSQL runs, how we connect, how the schema moves forward.

Owns the embedded server, the pools, the loader of SQL files, migrations and the monthly partitions.
Refuses to know what the tables mean; that belongs to the rooms.
"""
