"""`koppi knowledge export`: the console's edits as files, for review in git."""

from collections.abc import Callable, Sequence
from pathlib import Path

from admin.console.edits import is_to_choose
from bot.store.revisions import Version, in_place_of_files
from knowledge import library

Out = Callable[[str], None]


def export(folder: Path, settled: Sequence[Version], out: Out, *, base: Path = library.FAQ_FOLDER) -> int:
    """Write what the bot uses in place of files of *base* into *folder*, a line for each that changes; how many did.

    A file that says the same already isn't touched, so that a second time changes nothing. An entry or translation
    out of use goes, and one of another category moves. Where the file has changed since somebody compared the two, a
    line says so.

    Raises `knowledge.library.InvalidLibrary` when the files and edits can't be read together; nothing is written then.
    """
    withdrawn = {each.entry_id for each in settled if each.state == "withdrawn" and each.language == "fi"}
    edited = {each.entry_id for each in settled if each.state == "published"} - withdrawn
    categories = {entry.id: entry.category for entry in library.load(base, in_place_of_files(settled)).entries}
    changed = 0
    for version in settled:
        if version.state != "published" or version.entry_id not in edited:
            continue
        name = library.file_name(version.entry_id, version.language, version.part)
        standing = library.file_text(folder, version.entry_id, version.language, version.part)
        if is_to_choose(version, standing):
            out(f"{name}: warning: the file has changed since it was edited; compare the two before you commit")
        changed += _put(folder, categories[version.entry_id], name, version.text.replace("\r\n", "\n"), out)
    for entry_id in sorted(edited):
        for path in sorted(folder.glob(f"*/{entry_id}.*")):
            if path.parent.name != categories[entry_id]:
                changed += _put(folder, categories[entry_id], path.name, path.read_text(encoding="utf-8"), out)
    for version in settled:
        if version.state == "withdrawn" and version.entry_id not in withdrawn:
            for path in sorted(folder.glob(f"*/{library.file_name(version.entry_id, version.language, version.part)}")):
                path.unlink()
                out(f"{path.parent.name}/{path.name}: removed, this translation is out of use")
                changed += 1
    for entry_id in sorted(withdrawn):
        for path in sorted(folder.glob(f"*/{entry_id}.*")):
            path.unlink()
            out(f"{path.parent.name}/{path.name}: removed, the entry is out of use")
            changed += 1
    return changed


def _put(folder: Path, category: str, name: str, text: str, out: Out) -> int:
    """1 when the file had to be written, moved or both; 0 when it stood there already."""
    path = folder / category / name
    elsewhere = [other for other in sorted(folder.glob(f"*/{name}")) if other != path]
    if not elsewhere and path.exists() and path.read_bytes() == text.encode():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    said = "changed" if path.exists() else "new"
    path.write_bytes(text.encode())
    for other in elsewhere:
        other.unlink()
        said = f"moved from {other.parent.name}/"
    out(f"{category}/{name}: {said}")
    return 1
