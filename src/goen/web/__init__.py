"""Pages: server-rendered, one folder per surface. An edge: it asks readings and shows the answer."""
