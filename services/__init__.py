"""The rules: what may happen, and what then happens. One module per domain or use case."""
