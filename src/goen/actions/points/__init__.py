"""Acts that move points: purchases, orders, returns, claims, holds, adjustments, transfers, and the sweeps.

Each act is a class that says what it wants to see and decides purely; the till commits it (actions/till).
"""
