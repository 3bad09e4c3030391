"""What became other between two snapshots, in slices that are cheap to write, and the way back.

A console that looks from another process gets one whole snapshot and then only what changed. Both sides are of the
same version (the greeting sees to that), so field names are enough and no field needs a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_type_hints

import msgspec

from hive_console.core.errors import HiveError
from hive_console.core.snapshot import FleetSnapshot, ModelView, Series

SLICE = 50
"""Models in one slice: half a millisecond of writing with full series, so that nobody who shares the loop waits."""

_SERIES: Final = tuple(name for name, kind in get_type_hints(ModelView).items() if kind == Series)
"""Fields of a model that mostly grow at their end: only the end is told."""

_MODEL_FIELDS = tuple(field.name for field in fields(ModelView))

_FLEET_FIELDS = tuple(field.name for field in fields(FleetSnapshot) if field.name != "models")

_model_values = attrgetter(*_MODEL_FIELDS)

_fleet_values = attrgetter(*_FLEET_FIELDS)


class Tail(msgspec.Struct, array_like=True, frozen=True):
    """A series as the one before it: without its first `skipped` values, then `kept` of them, then `added`."""

    skipped: int
    kept: int
    added: Series


_EVERYTHING = (0, 0)
"""Skipped and kept of a tail that is a whole series."""


def _patch_of(view: type[Any], names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A struct of these fields, each of which may be left out."""
    hints = {**get_type_hints(view), **dict.fromkeys(_SERIES, Tail)}
    return msgspec.defstruct(
        f"{view.__name__}Patch", [(name, hints[name] | msgspec.UnsetType, msgspec.UNSET) for name in names]
    )


_model_patch_type: Any = _patch_of(ModelView, _MODEL_FIELDS)  # Any: made from the views, so no checker knows it
_fleet_patch_type: Any = _patch_of(FleetSnapshot, _FLEET_FIELDS)

if TYPE_CHECKING:
    ModelPatch: TypeAlias = Any
    FleetPatch: TypeAlias = Any
else:
    ModelPatch, FleetPatch = _model_patch_type, _fleet_patch_type


class Slice(msgspec.Struct, omit_defaults=True):
    """A part of what changed.

    Attributes:
        fleet: the snapshot's own fields that are others now; in the first slice only.
        size: how many models there are.
        models: places of models, and their fields that are others now.
        is_whole: whether it begins a snapshot that needs none before it.
        has_more: whether further slices belong to the same snapshot.
    """

    size: int
    fleet: FleetPatch = msgspec.field(default_factory=_fleet_patch_type)
    models: list[tuple[int, ModelPatch]] = []
    is_whole: bool = False
    has_more: bool = False


def slices_between(old: FleetSnapshot | None, new: FleetSnapshot) -> Iterator[Slice]:
    """What makes `new` of `old`, at least one slice; with no old one, all of `new`."""
    before: tuple[ModelView, ...] = () if old is None else old.models
    others = [
        (place, model)
        for place, model in enumerate(new.models)
        if place >= len(before) or (before[place] is not model and before[place] != model)
    ]
    fleet = _fleet_patch(old, new)
    for begin in range(0, max(1, len(others)), SLICE):
        yield Slice(
            size=len(new.models),
            fleet=fleet if begin == 0 else _fleet_patch_type(),
            models=[
                (place, _model_patch(before[place] if place < len(before) else None, model))
                for place, model in others[begin : begin + SLICE]
            ],
            is_whole=old is None and begin == 0,
            has_more=begin + SLICE < len(others),
        )


def _fleet_patch(old: FleetSnapshot | None, new: FleetSnapshot) -> Any:  # Any: see `_patch_of`
    values = _fleet_values(new)
    if old is None:
        return _fleet_patch_type(*values)
    pairs = zip(_FLEET_FIELDS, _fleet_values(old), values, strict=True)
    return _fleet_patch_type(**{name: value for name, was, value in pairs if was is not value and was != value})


def _model_patch(old: ModelView | None, new: ModelView) -> Any:  # Any: see `_patch_of`
    if old is None:
        changed = dict(zip(_MODEL_FIELDS, _model_values(new), strict=True))
    else:
        pairs = zip(_MODEL_FIELDS, _model_values(old), _model_values(new), strict=True)
        changed = {name: value for name, was, value in pairs if was is not value and was != value}
    for name in _SERIES:
        if name in changed:
            changed[name] = tail_of(() if old is None else getattr(old, name), changed[name])
    return _model_patch_type(**changed)


def tail_of(old: Series, new: Series) -> Tail:
    """A way from one series to the other: short where the last value changed, some came, or the first one went."""
    for skipped in (0, 1):
        kept = min(len(old) - skipped, len(new)) - 1  # the last value of both may still be moving
        if kept > 0 and old[skipped : skipped + kept] == new[:kept]:
            return Tail(skipped, kept, new[kept:])
    return Tail(*_EVERYTHING, new)


class NotWhole(HiveError):
    """A slice belongs to a snapshot that was never given, or lacks what a snapshot must have."""


class Assembly:
    """Puts slices together again; give it every slice, in order."""

    def __init__(self) -> None:
        self._fleet: FleetSnapshot | None = None
        self._models: list[ModelView] = []
        self._patch: dict[str, Any] = {}  # Any: values of every field

    def take(self, part: Slice) -> FleetSnapshot | None:
        """The snapshot when this slice was its last, else `None`.

        Raises:
            NotWhole: what it changes is not there, or a field is missing that has no default.
        """
        try:
            return self._taken(part)
        except (KeyError, TypeError) as error:
            raise NotWhole(f"a field is missing ({error})") from error

    def _taken(self, part: Slice) -> FleetSnapshot | None:
        if part.is_whole:
            self._fleet, self._models, self._patch = None, [], {}
        del self._models[part.size :]
        for place, patch in part.models:
            given = _given(patch)
            if place < len(self._models):
                self._models[place] = _patched(self._models[place], given)
            elif place == len(self._models):
                self._models.append(_made(given))
            else:
                raise NotWhole(f"model {place} of {len(self._models)}")
        self._patch.update(_given(part.fleet))
        if part.has_more:
            return None
        if len(self._models) != part.size:
            raise NotWhole(f"{len(self._models)} models of {part.size}")
        patch, self._patch = {**self._patch, "models": tuple(self._models)}, {}
        self._fleet = FleetSnapshot(**patch) if self._fleet is None else replace(self._fleet, **patch)
        return self._fleet


def _given(patch: Any) -> dict[str, Any]:  # Any: see `_patch_of`
    """The fields that a patch has."""
    values = ((name, getattr(patch, name)) for name in patch.__struct_fields__)
    return {name: value for name, value in values if value is not msgspec.UNSET}


def _made(given: dict[str, Any]) -> ModelView:
    for name in _SERIES:
        given[name] = _series((), given[name])
    return ModelView(**given)


def _patched(model: ModelView, given: dict[str, Any]) -> ModelView:
    for name in _SERIES:
        if name in given:
            given[name] = _series(getattr(model, name), given[name])
    return replace(model, **given)


def _series(old: Series, tail: Tail) -> Series:
    return (*old[tail.skipped : tail.skipped + tail.kept], *tail.added)
