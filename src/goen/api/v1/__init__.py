"""Version 1 of the API: one module per topic, each with its handlers and its ``OPERATIONS``."""
