"""Channels: packs as data, and the one engine that judges and renders contents by them."""

from __future__ import annotations

from services.channels.dossiers import Dossier
from services.channels.engine import ENGINE_VERSION, CompiledPack, evaluate, state_after
from services.channels.facts import Facts
from services.channels.findings import Evaluation, Finding, NextState, Outcome
from services.channels.packs import MalformedPack, Pack, parse_pack
from services.channels.rendering import Rendition, render
from services.channels.selectors import SelectorIndex

__all__ = [
    "ENGINE_VERSION",
    "CompiledPack",
    "Dossier",
    "Evaluation",
    "Facts",
    "Finding",
    "MalformedPack",
    "NextState",
    "Outcome",
    "Pack",
    "Rendition",
    "SelectorIndex",
    "evaluate",
    "parse_pack",
    "render",
    "state_after",
]
