"""Vectors of different models do not compare; the same model elsewhere gives the same ones."""

from __future__ import annotations

from hive_console.core.fitness import mixes_vectors
from hive_console.core.settings import ModelSettings


def model(name: str, wire_name: str) -> ModelSettings:
    return ModelSettings(name, "provider", "https://x.invalid/v1", wire_name)


def test_the_same_model_at_another_provider_mixes_nothing() -> None:
    assert not mixes_vectors(model("a", "text-embedding-3-small"), model("b", "text-embedding-3-small"))


def test_another_model_mixes_vectors() -> None:
    assert mixes_vectors(model("a", "text-embedding-3-small"), model("b", "text-embedding-3-large"))
