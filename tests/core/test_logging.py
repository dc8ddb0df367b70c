"""Log lines carry keys and values; what variables held when something failed stays out of them."""

from __future__ import annotations

import pytest
import structlog

from core import logging


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_tells_no_values(form: str, capsys: pytest.CaptureFixture[str]):
    before = structlog.get_config()
    logging.configure("info", form)
    log = structlog.get_logger()

    def fail(secret: str) -> None:
        raise RuntimeError("it broke")

    try:
        fail("hw_" + "canary")
    except RuntimeError:
        log.exception("test.failed", place="here")
    structlog.configure(**before)

    said = capsys.readouterr().err
    assert "it broke" in said
    assert "here" in said
    assert "hw_canary" not in said
