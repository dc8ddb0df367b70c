"""The erasure of a person: hidden at once and everywhere, then the words, pictures and names go, batch by batch."""

from services.erasure.asking import erase_account, erase_creator
from services.erasure.counting import Count, of_account, of_creator
from services.erasure.reading import by_ids, by_uids, listed, unfinished
from services.erasure.working import finish, step

__all__ = [
    "Count",
    "by_ids",
    "by_uids",
    "erase_account",
    "erase_creator",
    "finish",
    "listed",
    "of_account",
    "of_creator",
    "step",
    "unfinished",
]
