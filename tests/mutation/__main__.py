"""Runs the tests of a module against each of its mutants, one after the other, and prints who survived.

Each mutant lives in a forked child only: an import hook gives the child the changed module. A child that takes
too long counts as killed, and is ended by its own number.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis
import pytest

from tests.mutation.mutants import mutants_of

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30.0
"""Seconds of one mutant's tests; the whole of them takes less than four."""

SUITES: dict[str, tuple[str, ...]] = {
    "breaker": ("core/test_transitions.py", "core/test_breaker*.py", "property/test_breaker_machine.py"),
    "trials": ("core/test_trials.py", "core/test_breaker*.py"),
    "tally": ("core/test_tally.py", "core/test_breaker_r*.py"),
    "breaker_policy": ("core/test_breaker_policy.py", "core/test_breaker_rates.py", "core/test_policies.py"),
    "retry": ("core/test_retry*.py", "property/test_retry*.py"),
    "routing": ("core/test_routing.py", "property/test_weighted_turns.py"),
    "degradation": ("core/test_degradation.py",),
    "peak_ewma": ("core/test_peak_ewma.py",),
    "probe_budget": ("core/test_probe_budget.py",),
    "policies": ("core/test_policies.py",),
    "member": ("core/test_member*.py", "core/test_routing.py"),
    "restraint": ("core/test_member*.py", "core/test_fleet_keys.py"),
    "doubt": ("core/test_member*.py", "core/test_routing.py"),
    "track_record": ("core/test_member*.py", "core/test_routing.py"),
    "modes": ("core/test_member*.py",),
    "succession": ("core/test_member_reload.py", "core/test_fleet_reload.py"),
    "concurrency": ("core/test_concurrency.py", "core/test_member*.py"),
    "fleet": ("core/test_fleet.py", "core/test_member_restart.py"),
}
"""The modules of `core` that decide, and the tests that must notice, the quick ones first."""


class Swap(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a changed module to whoever imports it."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answers for the one module only."""
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Runs the changed code."""
        exec(self._code, module.__dict__)  # noqa: S102 - that is what the mutant is for


def files_of(suite: Sequence[str]) -> list[str]:
    """The test files, in the order of the suite."""
    return [str(path) for pattern in suite for path in sorted((ROOT / "tests").glob(pattern))]


def passes(files: Sequence[str]) -> bool:
    """Whether these tests pass in this process."""
    config = str(ROOT / "tests" / "mutation" / "pytest.ini")
    quiet = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain", "-p", "no:cacheprovider"]
    return pytest.main(["-c", config, "--rootdir", str(ROOT), *quiet, *files]) == pytest.ExitCode.OK


def survives(name: str, code: CodeType | None, files: Sequence[str]) -> bool:
    """Whether the tests pass in a child that knows the module only as `code` (`None`: as it is)."""
    child = os.fork()
    if child == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        if code is not None:
            sys.meta_path.insert(0, Swap(name, code))
        os._exit(0 if passes(files) else 1)
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def run(module: str) -> int:
    """Tries every mutant of one module; how many survived."""
    name = f"hive_console.core.{module}"
    path = ROOT / "hive_console" / "core" / f"{module}.py"
    files = files_of(SUITES[module])
    if not files or not survives(name, None, files):
        sys.exit(f"{module}: its tests fail, or there are none, without any mutant")
    tried, survivors = 0, 0
    for mutant in mutants_of(path.read_text()):
        tried += 1
        if survives(name, compile(mutant.tree, str(path), "exec"), files):
            survivors += 1
            print(f"{path.name}:{mutant.name}", flush=True)
    print(f"{module}: {tried - survivors} of {tried} mutants killed", flush=True)
    return survivors


def main() -> None:
    """Runs the modules named, or all."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    assert hypothesis.__version__  # imported once, here, and not in every child
    wanted = sys.argv[1:] or list(SUITES)
    unknown = [module for module in wanted if module not in SUITES]
    if unknown:
        sys.exit(f"no tests are listed for {', '.join(unknown)}; known: {', '.join(SUITES)}")
    sys.exit(sum(run(module) for module in wanted) and 1)


if __name__ == "__main__":
    main()
