"""Gates on the creator: a tree of conditions joined by all, any and not."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.channels.arms import (
    Arm,
    CertifiedDaysArm,
    ConnectedArm,
    FieldArm,
    FollowersArm,
    InvitedArm,
    KindArm,
    LevelArm,
    PassRateArm,
    RoleArm,
    SamplesArm,
    ScoreArm,
    SellerArm,
    SingleFieldArm,
    WindowArm,
)
from services.channels.terms import Part, Source, Text


class Gate(Part):
    """One node of the tree: exactly one condition, and what is known of it."""

    all: tuple[Gate, ...] | None = None
    any: tuple[Gate, ...] | None = Field(default=None, min_length=1)
    not_: Gate | None = Field(default=None, alias="not")
    level: LevelArm | None = None
    role: RoleArm | None = None
    field: FieldArm | None = None
    kind: KindArm | None = None
    score: ScoreArm | None = None
    followers: FollowersArm | None = None
    certified_days: CertifiedDaysArm | None = None
    published_in_window: WindowArm | None = None
    pass_rate: PassRateArm | None = None
    samples: SamplesArm | None = None
    seller: SellerArm | None = None
    invited: InvitedArm | None = None
    connected: ConnectedArm | None = None
    single_field: SingleFieldArm | None = None
    note: Text | None = None
    source: Source | None = None

    @model_validator(mode="after")
    def _is_one_condition(self) -> Self:
        named = [
            field.alias or name
            for name, field in type(self).model_fields.items()
            if name not in {"note", "source"} and getattr(self, name) is not None
        ]
        if len(named) != 1:
            raise ValueError(f"a gate needs exactly one condition, this one has {', '.join(named) or 'none'}")
        return self

    @property
    def arm(self) -> Arm | None:
        """The condition of a leaf; None for all, any and not."""
        return next((value for _, value in self if isinstance(value, Arm)), None)
