"""Delivery: how committed events leave: one numbered feed, the streams over it, webhooks.

Owns ``outbox``, ``feed``, ``feed_head`` and the ``webhook_…`` tables. Takes events as they are, a topic and a
JSON object, and knows nothing of what they mean. One file per noun: ``relay`` numbers, ``head`` knows how
far the feed has come, ``feed`` reads it, ``streams`` serves listeners, ``webhooks/`` sends.
"""
