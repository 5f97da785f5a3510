"""Draws: prizes by lot with published odds, the caps of the premiums law, and a proof that nobody chose the winners."""
