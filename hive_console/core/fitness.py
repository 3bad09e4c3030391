"""Whether one model may stand in for another by what it gives, not by how well it is. No traffic, no health."""

from __future__ import annotations

from hive_console.core.settings import ModelSettings


def mixes_vectors(requested: ModelSettings, other: ModelSettings) -> bool:
    """Whether an embedding by `other` may not stand among those of `requested`.

    Vectors of different models do not compare: a search over both finds nothing, and says nothing of it. The
    same model at another provider bears the same wire name, and gives the same vectors.
    """
    return requested.wire_name != other.wire_name
