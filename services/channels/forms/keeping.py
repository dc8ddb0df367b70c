"""Forms that were made once and are kept: a pack's digest, a format and a language name one for ever."""

from __future__ import annotations

from collections import OrderedDict

from services.channels.engine import CompiledPack
from services.channels.forms.form import Form, form
from services.channels.forms.hints import Language
from services.channels.terms import Format

KEPT = 512
_kept: OrderedDict[tuple[str, Format, Language], Form] = OrderedDict()


def kept_form(compiled: CompiledPack, format_: Format, language: Language) -> Form:
    """The form, from what is kept if it was made before. Who reads it must not change it."""
    key = (compiled.digest, format_, language)
    found = _kept.get(key)
    if found is None:
        found = _kept[key] = form(compiled.pack, format_, language)
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found
