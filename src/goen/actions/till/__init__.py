"""The till: many acts, one commit (architecture.md, "The till").

``act`` says what an act is and asks to see; ``books`` reads it for a whole batch; ``posting`` collects what
was decided as rows; ``batch`` reads, decides and writes; ``till`` gathers requests and answers them.
"""
