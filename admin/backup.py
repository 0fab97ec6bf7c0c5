"""`koppi backup` and `koppi restore`: the database and the owner's files as one file, made while the service runs.

The key is not in it: who finds a backup must not be able to open the addresses in it, so the two are kept apart.
"""

import gzip
import json
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from admin.reach import school_year
from bot import profile
from bot.settings import Settings
from bot.store import audit, copying, erasure, migrate
from bot.store.copying import Copy, NotCopied, Tell
from bot.store.engine import Store

MANIFEST = "backup.json"
OWNERS_FILES = (profile.FILE_NAME, school_year.FILE_NAME)
FORMAT = 1
CHUNK = 1 << 20
ERASED = "erased by the asker"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself: when it was made, and what of."""

    made_at: str
    database: Copy


def make(settings: Settings, target: Path, now: datetime, tell: Tell) -> None:
    """Write the backup *target*, readable for this user alone, whole or not at all. Raises `NotCopied`."""
    if target.exists():
        raise NotCopied(f"{target} is there already; name another file")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as made:  # for its owner alone
            folder = Path(made)
            copied = copying.copy(settings.database, folder, tell)
            manifest = {"format": FORMAT, "made_at": now.isoformat(), "database": asdict(copied)}
            (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
            whole = folder / target.name
            whole.touch(mode=0o600, exist_ok=False)
            with whole.open("wb") as file:
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                    archive.add(folder / MANIFEST, MANIFEST)
                    for name in OWNERS_FILES:
                        if (settings.data_dir / name).exists():
                            archive.add(settings.data_dir / name, name)
                    for name in copied.files:
                        archive.add(folder / name, name)
                file.flush()
                os.fsync(file.fileno())
            whole.rename(target)
    except OSError as error:
        raise NotCopied(f"{target} can't be written ({error.strerror})") from error


async def restore(settings: Settings, source: Path, tell: Tell) -> Backup:
    """Put the backup *source* where nothing is yet, and say what it was of. Raises `NotCopied` and `NewerSchema`."""
    data_dir = settings.data_dir
    if not copying.is_empty(settings.database):
        raise NotCopied("there is a database already; a backup goes back only into an empty one")
    for name in OWNERS_FILES:
        if (data_dir / name).exists():
            raise NotCopied(f"{data_dir / name} is there already; a backup goes back only into an empty folder")
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore.") as made:
            folder = Path(made)
            backup = _unpack(source, folder)
            copied = backup.database
            store = Store.at(settings.database)
            try:
                if copied.kind != store.writer.dialect.name:
                    raise NotCopied(f"this is a backup of {copied.kind}, and KOPPI_DATABASE_URL names another kind")
                migrate.require_known(copied.revision)
                if copied.kind == "sqlite":
                    copying.put_file(folder, settings.database)
                else:
                    await migrate.upgrade(store, to=copied.revision)
                    copying.put_tables(copied, folder, settings.database, tell)
                await migrate.upgrade(store)
            finally:
                await store.close()
            for name in OWNERS_FILES:
                if (folder / name).exists():
                    (folder / name).rename(data_dir / name)
    except OSError as error:
        raise NotCopied(f"{error.filename or source} can't be read or written ({error.strerror})") from error
    return backup


async def erase_again(store: Store, lines: Iterable[str], now: datetime) -> int:
    """Erase whoever has been erased by these lines of `koppi audit`, and is back with the backup; returns how many.

    Raises `NotCopied` for what is no such line: to take it for nobody's erasure would bring somebody back.
    """
    erased = 0
    for number, line in enumerate(lines, 1):
        try:
            act, conversation_id = (json.loads(line)[name] for name in ("act", "subject"))
        except (ValueError, KeyError, TypeError) as error:
            raise NotCopied(f"line {number} of the log is none of `koppi audit`") from error
        if act != ERASED:
            continue
        async with store.write() as tx:
            if await erasure.erase(tx, str(conversation_id)) is not None:
                await audit.record(tx, None, ERASED, str(conversation_id), now)
                erased += 1
    if erased:
        await store.rewrite()
        await store.empty_log()
    return erased


def _unpack(source: Path, folder: Path) -> Backup:
    """Only what belongs to a backup, by names that can't lead anywhere else."""
    damaged = NotCopied(f"{source} is no whole backup")
    try:
        with gzip.open(source) as packed:  # to its end, where the checksum is: unpacking alone stops before it
            while packed.read(CHUNK):
                pass
        with tarfile.open(source, mode="r:gz") as archive:
            for member in archive:
                is_ours = member.isfile() and member.name == PurePosixPath(member.name).name
                if not is_ours or not re.fullmatch(r"[a-z_0-9]+\.(copy|sqlite3|json|yaml)", member.name):
                    raise damaged
                archive.extract(member, folder, filter="data")
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            raise NotCopied(f"{source} was made by a newer version of the service; restore it with that")
        backup = Backup(manifest["made_at"], Copy(**manifest["database"]))
    except (tarfile.TarError, zlib.error, EOFError, ValueError, KeyError, TypeError, FileNotFoundError) as error:
        if isinstance(error, FileNotFoundError) and not source.exists():
            raise NotCopied(f"there is no {source}") from error
        raise damaged from error
    except OSError as error:  # gzip's own word for "not gzipped", and zlib's for bytes that were changed
        raise damaged from error
    if any(not (folder / name).is_file() for name in backup.database.files):
        raise damaged
    return backup
