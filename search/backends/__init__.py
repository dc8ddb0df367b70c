"""The engines behind `search.backend.SearchBackend`; only here are search clients imported."""
