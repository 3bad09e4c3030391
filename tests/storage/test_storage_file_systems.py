"""Where a recording may live: on a disk of this machine, in a folder that not everybody writes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_storage.file_systems import file_system_of, is_network, network_under
from hive_storage.folder import DataFolder
from tests.storage.support import T0

MOUNTS = r"""
22 1 252:1 / / rw,relatime - ext4 /dev/vda1 rw
40 22 0:40 / /home rw,relatime shared:5 - nfs4 filer:/home rw
41 40 0:41 / /home/local rw - xfs /dev/vdb rw
42 22 0:42 / /mnt/with\040blank rw - cifs //server/share rw
43 22 0:43 / /data rw - ext4 /dev/vdc rw
44 22 0:44 / /data rw - fuse.sshfs host: rw
nonsense
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib", "ext4"),
        ("/home/ann/hive", "nfs4"),
        ("/homework", "ext4"),
        ("/home/local/hive", "xfs"),
        ("/mnt/with blank/hive", "cifs"),
        ("/data", "fuse.sshfs"),
    ],
)
def test_a_folder_is_on_the_deepest_and_latest_mount_above_it(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind


def test_nobody_tells_where_nothing_is_listed() -> None:
    assert file_system_of(Path("/data"), "") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.rclone"])
def test_network_file_systems_are_known(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "fuse.mergerfs", ""]
)
def test_local_file_systems_are_fine(kind: str) -> None:
    assert not is_network(kind)


def test_a_data_folder_on_a_network_is_refused_with_what_to_do(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / {tmp_path.resolve()} rw - nfs4 filer:/x rw\n")

    with pytest.raises(HiveError, match=r"network file system \(nfs4\).*--data"):
        DataFolder.open(tmp_path / "data", started=T0, mounts=mounts)


def test_a_link_into_a_network_is_followed(tmp_path: Path) -> None:
    mounts, link = tmp_path / "mountinfo", tmp_path / "link"
    (tmp_path / "far").mkdir()
    link.symlink_to(tmp_path / "far")
    mounts.write_text(f"1 0 0:1 / / rw - ext4 / rw\n2 1 0:2 / {(tmp_path / 'far').resolve()} rw - cifs //s/x rw\n")

    assert network_under(link, mounts) == "cifs"


def test_a_system_that_lists_no_mounts_is_taken_at_its_word(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=T0, mounts=tmp_path / "none")

    assert folder.path == tmp_path
    folder.release()


def test_a_folder_that_anybody_may_write_in_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)

    with pytest.raises(HiveError, match="chmod o-w"):
        DataFolder.open(shared, started=T0)

    assert shared.stat().st_mode & 0o7777 == 0o1777
    assert list(shared.iterdir()) == []


def test_a_folder_of_the_users_own_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    DataFolder.open(tmp_path, started=T0).release()

    assert tmp_path.stat().st_mode & 0o777 == 0o750
