"""The engines behind `search.backend.SearchBackend`; only here are search clients imported."""

from __future__ import annotations

from pathlib import Path

from search.backend import SearchBackend


def choose(*, folder: Path, elasticsearch_url: str) -> SearchBackend:
    """The server when there is one, else the index in the folder; each client is loaded only where it is used."""
    if elasticsearch_url:
        from search.backends.elasticsearch import ElasticsearchBackend  # noqa: PLC0415  (see above)

        return ElasticsearchBackend(elasticsearch_url)
    from search.backends.embedded import EmbeddedBackend  # noqa: PLC0415  (see above)

    return EmbeddedBackend(folder)
