"""Acts: one module per verb, the sole writers of business facts. Acts that move points go through the till."""
