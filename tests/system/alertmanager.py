"""Where an Alertmanager comes from: the machine's own, or Debian's package, unpacked for the test alone.

Nothing is installed on the machine. Debian's program reads its template from `/usr/share`; where that is not
there, it is shown the unpacked one in a mount namespace of its own.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PACKAGE = "prometheus-alertmanager"
TEMPLATE = Path("/usr/share/prometheus/alertmanager/default.tmpl")

PATIENCE = 30.0
"""Seconds the package may take to arrive; it has 10 MB."""


def alertmanager_command(folder: Path) -> list[str]:
    """How to start one, without its options; empty where there is none and none can be had."""
    own = shutil.which(PACKAGE) or shutil.which("alertmanager")
    if own is not None and (PACKAGE not in own or TEMPLATE.exists()):
        return [own]
    return _unpacked(folder)


def _unpacked(folder: Path) -> list[str]:
    if any(shutil.which(tool) is None for tool in ("apt-get", "dpkg-deb", "unshare")):
        return []
    if not _runs(["apt-get", "download", PACKAGE], folder):
        return []
    [package] = folder.glob("*.deb")
    share, program = folder / "usr" / "share", folder / "usr" / "bin" / PACKAGE
    in_its_world = f'mount --bind "{share}" /usr/share && exec "{program}" "$@"'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", in_its_world, PACKAGE]
    is_there = _runs(["dpkg-deb", "-x", str(package), str(folder)], folder)
    return command if is_there and _runs([*command, "--version"], folder) else []


def _runs(command: list[str], folder: Path) -> bool:
    try:
        done = subprocess.run(command, cwd=folder, timeout=PATIENCE, capture_output=True, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.returncode == 0
