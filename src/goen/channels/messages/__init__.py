"""Messages to one person's phone or mailbox: what every sender does, and the senders there are.

A sender is told whom and what, tries once, and says whether it is worth trying again. It keeps nothing and
logs neither the contact nor the words.
"""
