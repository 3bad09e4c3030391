"""Providers and engines that are gone after the test, whatever happened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.program import Headless, Provider

pytestmark = pytest.mark.system


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Callable[[str], Provider]]:
    started: list[Provider] = []

    def start(model: str) -> Provider:
        started.append(Provider(tmp_path, model))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def headless(tmp_path: Path) -> Iterator[Callable[..., Headless]]:
    started: list[Headless] = []

    def start(*arguments: str) -> Headless:
        started.append(Headless(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
