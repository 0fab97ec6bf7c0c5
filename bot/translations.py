"""Translated sentences, read from gettext catalogues: each is found by its Finnish."""

from pathlib import Path

from babel.messages.pofile import read_po

from knowledge.entry import Language


def read(file: Path, language: Language) -> dict[str, str]:
    """The sentences of the catalogue *file* in *language*, by their Finnish; those not translated yet are left out."""
    with file.open("rb") as opened:
        catalogue = read_po(opened, locale=language)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}
