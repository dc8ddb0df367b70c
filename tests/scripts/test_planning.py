"""What `headwater plan` makes of findings."""

from __future__ import annotations

from scripts.commands.planning import folded
from services.channels.findings import Finding, Flaw, Words, finding


def of(path: str, words: str, severity: str = "block") -> Finding:
    flaw = Flaw(path, 1, {"max": 2}, Words(words, words))
    return finding(flaw, code="image.min_size", place="rules.0", severity=severity)  # type: ignore[arg-type]  # a Literal


def test_what_is_said_of_several_places_stands_there_once_and_what_stops_comes_first():
    findings = (
        of("title", "A note.", "warn"),
        *(of(f"covers.{place}", "Too small.") for place in range(5)),
        of("summary", "Too long."),
    )

    assert [*folded(findings)] == ["✗ Too small. (covers.0, covers.1, covers.2, …)", "✗ Too long.", "· A note."]
