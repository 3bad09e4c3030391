"""Which file system a folder is on, and whether a recording may live there.

A write-ahead log needs memory that all of its readers share, and locks that hold: what comes over a network has
neither, and loses or damages a recording without a word (sqlite.org/wal.html, §Overview, 2).
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""Where Linux tells what is mounted where; a system that has none is taken at its word."""

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "coda", "ceph", "davfs", "ncpfs"),
        *(
            "lustre",
            "gpfs",
            "beegfs",
            "glusterfs",
            "gfs2",
            "ocfs2",
            "pvfs2",
            "orangefs",
            "vboxsf",
            "vmhgfs",
            "prl_fs",
        ),
    }
)
"""File systems that other machines (or the host of a virtual one) share."""

_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.mergerfs", "fuse.encfs", "fuse.gocryptfs"})
"""Programs' file systems that keep files on this machine; any other one may fetch them from anywhere."""

_OCTAL = re.compile(r"\\([0-7]{3})")


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that `path` is on, as Linux spells it; empty where `mounts` does not tell.

    `path` must be absolute and hold no links; `mounts` is the text of `MOUNTS`.
    """
    found, depth = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) < 5 or not kind:
            continue
        point = Path(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        # The last of several mounts on one point is the one that is seen.
        if path.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = kind, len(point.parts)
    return found


def is_network(kind: str) -> bool:
    """Whether a recording must not live on a file system of this type."""
    return kind in _NETWORK or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def network_under(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the network file system that the folder is on; empty when it is on none, or nobody tells."""
    try:
        text = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    kind = file_system_of(path.resolve(), text)
    return kind if is_network(kind) else ""
