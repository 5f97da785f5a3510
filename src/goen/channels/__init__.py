"""Partners' words and ours: one folder per partner or medium."""
