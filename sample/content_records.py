"""Contents with their revisions, as records; and the videos that short videos name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models import AssetFactsSource, AssetKind, ContentState, RevisionState, formats
from sample import bodies, content_files
from sample.content_files import ContentFile, LiveFile, QnaFile, ShortVideoFile
from sample.known import Known
from sample.naming import named, uid
from sample.reading import BadSample, page
from services.interchange.records import AssetRecord, ContentRecord

STATES = {
    "LIVE": (ContentState.VISIBLE, RevisionState.LIVE),
    "DRAFT": (ContentState.VISIBLE, RevisionState.DRAFT),
    "SCHEDULED": (ContentState.VISIBLE, RevisionState.SCHEDULED),
    "WITHDRAWN": (ContentState.WITHDRAWN, RevisionState.LIVE),
    "TAKEN_DOWN": (ContentState.TAKEN_DOWN, RevisionState.LIVE),
}


def content(key: str, path: Path, known: Known) -> ContentRecord:
    text = page(path)
    file = content_files.read(text)
    state, revision_state = STATES[file.state]
    if (revision_state is RevisionState.LIVE) != (file.published_at is not None):
        raise BadSample("published_at: what is or was live has one, nothing else does")
    revisions = [_revision(key, 1, file, text.body, revision_state, known)]
    draft = path.with_name(f"{key}.draft.md")
    if draft.exists():
        newer = page(draft)
        rewritten = content_files.read(newer, text.front | newer.front)
        revisions.append(_revision(key, 2, rewritten, newer.body, RevisionState.DRAFT, known))
    return ContentRecord.model_validate(
        named("content", key)
        | {
            "creator": known.creator(file.creator),
            "format": file.format,
            "language": file.language,
            "state": state,
            "is_history": file.is_history,
            "tags": [{"tag": known.tag(code), "source": "AUTHOR"} for code in file.tags],
            "revisions": revisions,
        }
        | {name: value for name, value in _sometimes(key, file, known).items() if value is not None}
    )


def _sometimes(key: str, file: ContentFile, known: Known) -> dict[str, Any]:
    """What only some contents say."""
    return {
        "published_at": file.published_at,
        "group": uid("group", file.group) if file.group else None,
        "channels": None if file.channels is None else [known.channel(channel) for channel in file.channels],
        "state_because": file.state_because,
        "state_at": file.state_at,
        "live": file.live.model_dump(exclude_none=True) if isinstance(file, LiveFile) else None,
        "answers": _answers(key, file, known) if isinstance(file, QnaFile) else None,
    }


def _revision(
    key: str, number: int, file: ContentFile, body: str, state: RevisionState, known: Known
) -> dict[str, Any]:
    details = file.details(known)
    if isinstance(file, ShortVideoFile) and file.video:
        details["video"] = uid("video", key)
    found = {
        "uid": uid("revision", f"{key}:{number}"),
        "state": state,
        "title": file.title,
        "summary": file.summary,
        "body": bodies.of_markdown(body, known),
        "details": formats.dump(formats.load(file.format, details)),
        "covers": [known.picture(picture) for picture in file.covers],
        "products": [known.product(product) for product in file.products],
        "is_original": file.is_original,
    }
    if state is RevisionState.LIVE:
        found["published_at"] = file.published_at
    if state is RevisionState.SCHEDULED:
        found |= {"scheduled_for": file.scheduled_for, "schedule_zone": file.schedule_zone}
    return found


def _answers(key: str, file: QnaFile, known: Known) -> list[dict[str, Any]]:
    return [
        named("answer", f"{key}:{number}")
        | answer.model_dump(exclude={"body", "creator"})
        | {"creator": known.creator(answer.creator), "body": bodies.of_markdown(answer.body.strip(), known)}
        for number, answer in enumerate(file.answers, 1)
    ]


def video(key: str, path: Path, known: Known) -> AssetRecord | None:
    """The video of a short video: it lives elsewhere, and its facts are what its maker declares."""
    file = content_files.read(page(path))
    if not isinstance(file, ShortVideoFile) or file.video is None:
        return None
    return AssetRecord.model_validate(
        named("video", key)
        | file.video.model_dump(exclude={"duration"})
        | {
            "kind": AssetKind.VIDEO,
            "creator": known.creator(file.creator),
            "duration_ms": content_files.milliseconds(file.video.duration),
            "facts_source": AssetFactsSource.DECLARED,
            "alternative_text": file.title,
        }
    )
