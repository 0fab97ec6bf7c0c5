"""The disk that loses its power: what it keeps, what it may lose, how a record is read; else the cuts prove nothing."""

from pathlib import Path
from random import Random

from tests.torture.disk import SECTOR, Cut, Disk, Gone, Said, Sync, Write, read_record

RECORD = r"""
7 pwrite64(3</d/db>, "\x61\x62", 2, 4096) = 2
7 pwrite64(4</elsewhere/db>, "\x61", 1, 0) = 1
8 fdatasync(3</d/db> <unfinished ...>
7 ftruncate(5</d/db-wal>, 0)      = 0
7 sendto(9<socket:[1]>, "\x6f\x6b", 2, 0, NULL, 0) = 2
8 <... fdatasync resumed>)         = 0
7 unlink("\x2f\x64\x2f\x64\x62\x2d\x77\x61\x6c") = 0
7 +++ exited with 0 +++
"""


def test_a_record_tells_what_touched_the_folder_and_what_went_out(tmp_path: Path) -> None:
    """A sync counts from its end, for what was written before its beginning; other folders are nobody's matter."""
    (tmp_path / "record").write_text(RECORD, encoding="ascii")

    assert list(read_record(tmp_path / "record", Path("/d"))) == [
        Write("/d/db", 4096, b"ab"),
        Cut("/d/db-wal", 0),
        Said(b"ok"),
        Sync("/d/db", 1),
        Gone("/d/db-wal"),
    ]


def test_what_was_synced_is_there_and_of_the_rest_any_sector_may_be_missing() -> None:
    """Were all kept or all lost together, no torn write would ever be tried."""
    disk = Disk({"/d/db": b"old"})
    disk.take(Write("/d/db", 0, b"new"))
    disk.take(Sync("/d/db", 1))
    disk.take(Write("/d/db", SECTOR, b"a" * SECTOR + b"b" * SECTOR))
    found = {disk.after_a_power_cut(Random(seed))["/d/db"] for seed in range(60)}
    empty, a, b = bytes(SECTOR), b"a" * SECTOR, b"b" * SECTOR
    kept = b"new" + bytes(SECTOR - 3)

    assert found == {b"new", kept + a, kept + empty + b, kept + a + b}


def test_what_was_written_while_a_sync_ran_is_not_sure() -> None:
    """Only its beginning tells what it was asked to keep."""
    disk = Disk({})
    disk.take(Write("/d/wal", 0, b"first"))
    disk.take(Write("/d/wal", 5, b"second"))
    disk.take(Sync("/d/wal", 1))

    assert {disk.after_a_power_cut(Random(seed))["/d/wal"] for seed in range(40)} == {b"first", b"firstsecond"}
