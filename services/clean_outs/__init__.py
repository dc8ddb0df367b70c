"""Clean-outs: who has to leave a channel by the rules of its pack, and who is let in and shut out by hand."""

from services.clean_outs.admitting import (
    NotInTheChannel,
    RightIsEnded,
    UnknownCause,
    admit,
    remove,
)
from services.clean_outs.reading import Said, by_ids, by_uids, last_said, listed, verdicts_of
from services.clean_outs.working import (
    AT_ONCE,
    MOST_IN_ONE_GO,
    NoCleanOut,
    begin,
    clean_out,
    step,
)

__all__ = [
    "AT_ONCE",
    "MOST_IN_ONE_GO",
    "NoCleanOut",
    "NotInTheChannel",
    "RightIsEnded",
    "Said",
    "UnknownCause",
    "admit",
    "begin",
    "by_ids",
    "by_uids",
    "clean_out",
    "last_said",
    "listed",
    "remove",
    "step",
    "verdicts_of",
]
