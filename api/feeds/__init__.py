"""Feeds over HTTP: routes, and one renderer a form."""
