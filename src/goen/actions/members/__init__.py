"""Acts on members: enrol, change, identify, consent, freeze, withdraw, erase. None of them moves points."""
