"""Telling members: that points end, and what happened while nobody looked. What they leave waits in messaging."""
