"""Human audit: the queue, who has what before them, what people decide, and on which grounds."""

from services.auditing.exhibits import exhibits
from services.auditing.grounds import Ground, ReasonRequired, UnknownReason, told
from services.auditing.leases import LEASE, MOST, ClaimOutOfRange, NotClaimed, Wanted, claim, release, renew
from services.auditing.queue import AuditFilter, Task, stamp, tasks, waiting
from services.auditing.verdicts import ConflictOfInterest, StaleAudit, accept, end_trial, escalate, reject

__all__ = [
    "LEASE",
    "MOST",
    "AuditFilter",
    "ClaimOutOfRange",
    "ConflictOfInterest",
    "Ground",
    "NotClaimed",
    "ReasonRequired",
    "StaleAudit",
    "Task",
    "UnknownReason",
    "Wanted",
    "accept",
    "claim",
    "end_trial",
    "escalate",
    "exhibits",
    "reject",
    "release",
    "renew",
    "stamp",
    "tasks",
    "told",
    "waiting",
]
