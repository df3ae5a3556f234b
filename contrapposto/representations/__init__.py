"""What is stored and compared. Each representation declares its unit, metric and dimension, and whether joints
can be left out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Representation:
    """What one stored vector column is.

    unit: what one row stands for; dimension: length of the vector; metric: how rows are compared; maskable:
    whether a query may leave components open; version: changes whenever stored values would.
    """

    name: str
    unit: Literal["person", "shot", "media"]
    dimension: int
    metric: str
    maskable: bool
    version: int
