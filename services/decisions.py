"""Submissions and the decisions on them as their creators read them. What moves them is services/submissions.py."""

from __future__ import annotations

from sqlalchemy import BigInteger

import models
from core.reads import OneRead, Order, PageRead, everything
from services import access

by_uids = OneRead(models.Submission, models.Submission.uid, access.submissions)
of_contents = PageRead(
    "submissions.of_contents",
    models.Submission,
    match=lambda key: models.Submission.content_id == key,
    key_type=BigInteger(),
    visible=access.submissions,
    orders=(Order("newest", (models.Submission.state_since, models.Submission.id)),),
)
# reached from a submission that the caller may see
decisions_by_ids = OneRead(models.Decision, models.Decision.id, everything)
