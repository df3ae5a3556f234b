"""The nearest of many poses by the distances of `contrapposto.distances`: machine code for many people."""

from __future__ import annotations

from contrapposto.scan.gallery import Gallery
from contrapposto.scan.nearest import nearest_by, reaching

__all__ = ["Gallery", "nearest_by", "reaching"]
