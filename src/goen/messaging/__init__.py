"""Messaging: notices to members, which of them are due, their words, and the queue in which they wait.

The room owns what was told and what waits, the browsers that take notifications and the key they know us by. It
knows no mail server and no push service: the jobs carry what waits here to the channels.
"""
