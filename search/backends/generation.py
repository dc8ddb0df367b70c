"""One tantivy index open for writing: versions are compared here, because the engine itself knows none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tantivy

from search.backend import IndexNeedsRebuild, Written
from search.backends import tantivy_index
from search.documents import Change, key

_MEMORY = 64_000_000
"""Bytes that the indexing thread fills before it writes a segment."""


@dataclass
class Generation:
    """The index, its one writer, and the versions written since the last commit, which the searcher cannot see."""

    path: Path
    index: tantivy.Index
    writer: tantivy.IndexWriter
    pending: dict[int, int] = field(default_factory=dict)

    @classmethod
    def create(cls, path: Path) -> Generation:
        path.mkdir(parents=True)
        return cls._writing(path, tantivy.Index(tantivy_index.SCHEMA, path=str(path), reuse=False))

    @classmethod
    def open(cls, path: Path) -> Generation:
        """IndexNeedsRebuild when its files are missing, cut short or not readable by this version of the engine."""
        return cls._writing(path, open_index(path))

    @classmethod
    def _writing(cls, path: Path, index: tantivy.Index) -> Generation:
        index.config_reader(reload_policy="manual")
        # One thread keeps each delete before the write that follows it, and one core free.
        return cls(path, index, index.writer(_MEMORY, num_threads=1))

    def write(self, changes: Sequence[Change]) -> Written:
        newest = _newest_of_each(changes)
        unseen = [number for number in newest if number not in self.pending]
        held = tantivy_index.versions(self.index.searcher(), unseen) | self.pending
        accepted = {number: change for number, change in newest.items() if change.version >= held.get(number, 0)}
        replaced = [number for number in accepted if number in held]
        if replaced:
            # By query: deleting by the term of a number finds nothing in tantivy 0.27.
            self.writer.delete_documents_by_query(tantivy_index.keys(replaced))
        for number, change in accepted.items():
            self.writer.add_document(tantivy_index.to_tantivy(change.fields))
            self.pending[number] = change.version
        return Written(len(accepted), len(changes) - len(accepted))

    def commit(self) -> None:
        self.writer.commit()
        self.pending.clear()
        self.index.reload()

    def purge(self, second: int) -> None:
        if second > 0:
            self.writer.delete_documents_by_query(tantivy_index.number_range("buried", 0, second - 1))

    def close(self) -> None:
        """Let merges finish, and give back the engine's lock and threads. What was not committed is gone.

        Without `rollback`, which in tantivy 0.27 goes back to before the commits of this writer.
        """
        self.writer.wait_merging_threads()


def open_index(path: Path) -> tantivy.Index:
    """An existing index with all its segments readable; IndexNeedsRebuild otherwise."""
    try:
        index = tantivy.Index.open(str(path))
        index.config_reader(reload_policy="manual")
        index.searcher()
    except ValueError as error:
        raise IndexNeedsRebuild(
            f"The search index in {path} cannot be read ({error}); it has to be rebuilt."
        ) from error
    return index


def _newest_of_each(changes: Sequence[Change]) -> dict[int, Change]:
    """Of several changes of one object in a batch only the newest counts; of equal ones the last."""
    newest: dict[int, Change] = {}
    for change in changes:
        number = key(change.kind, change.id)
        if number not in newest or change.version >= newest[number].version:
            newest[number] = change
    return newest
