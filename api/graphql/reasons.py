"""Why something is taken away: the reason that an operator or author gives with it."""

from uuid import UUID

from api.graphql.ids import uid_of
from api.graphql.reading import Reading
from core.errors import Invalid, together

LONGEST_REASON = 1_000


class ReasonOutOfRange(Invalid):
    code = "REASON_OUT_OF_RANGE"


def reason(text: str, place: str = "reason") -> str:
    """The reason without the blanks around it; ReasonOutOfRange when it says nothing, or too much."""
    if not 1 <= len(text.strip()) <= LONGEST_REASON:
        raise ReasonOutOfRange(f"Give a {place} of 1 to {LONGEST_REASON} characters.", path=(place,))
    return text.strip()


def subject(id_: str, type_name: str, why: str) -> tuple[UUID, str]:
    """What to take away, and why: both looked at before either is refused."""
    reading = Reading()
    uid = reading.take(uid_of, id_, type_name, f"{type_name.lower()}_id")
    told = reading.take(reason, why)
    if uid is None or told is None:
        raise together(reading.errors)
    return uid, told
