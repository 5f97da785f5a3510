"""What every surface shares: words in two languages, templates, headers that keep a browser strict."""
