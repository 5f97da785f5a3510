"""Webhooks: each event to each endpoint that wants it, at least once, for as long as a day.

An endpoint has a cursor in the feed. Events after it are sent in their order, several at a time; one that
fails gets a row and is sent again on its own, ever later. An endpoint that fails on and on is not sent
everything in vain: its cursor stays, a single event probes it, and what waits, waits in the feed.

``rules`` decide when, ``message`` says what, ``target`` where to (and where not), ``sender`` speaks HTTP,
``courier`` brings it together, ``store`` owns the tables.
"""
