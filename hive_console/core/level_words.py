"""What a level of degradation means for callers, in words; what it does is in `core.degradation`."""

from __future__ import annotations

from collections.abc import Mapping

from hive_console.core.states import DegradationLevel

CONSEQUENCES: Mapping[DegradationLevel, str] = {
    DegradationLevel.FULL: "",
    DegradationLevel.REDUCED: "no call is sent twice",
    DegradationLevel.ESSENTIAL: "background work is turned away",
    DegradationLevel.CRITICAL: "only critical work is served",
}
"""The most that each level takes from callers; the levels before it hold as well."""
