"""Forms: what an entry asks of a draft, said before anything is typed, as JSON Schema with hints for an interface."""

from __future__ import annotations

from services.channels.forms.form import FORM_VERSION, Form, FormatNotTaken, channel_form, form, written
from services.channels.forms.hints import Language
from services.channels.forms.keeping import kept_form

__all__ = ["FORM_VERSION", "Form", "FormatNotTaken", "Language", "channel_form", "form", "kept_form", "written"]
