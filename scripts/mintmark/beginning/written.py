"""What `.mintmark.json` says: which Mintmark wrote which files, and what it had been told. Opens no files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from mintmark.about import UPGRADE, __version__
from mintmark.core.version import is_version, parse_version
from mintmark.errors import MintmarkError
from mintmark.registry.documents import blob_oid
from mintmark.registry.files import format_json

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITTEN: Final = ".mintmark.json"
_SCHEMA: Final = 1
_OID: Final = re.compile(r"[0-9a-f]{40}")
_AGAIN: Final = f"git checkout HEAD~1 -- {WRITTEN} brings back the one before, where that was whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The files that a Mintmark wrote, each with the id that Git gives its content, and the answers that it went by.

    `texts` has by id what it wrote where the team's file has more or something else, so that it is in no commit.
    """

    mintmark: str
    files: Mapping[str, str]
    answers: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what the file holds."""
        known = {"schema": _SCHEMA, "mintmark": self.mintmark, "answers": dict(self.answers), "files": dict(self.files)}
        return known | ({"texts": dict(sorted(self.texts.items()))} if self.texts else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Written:
        """Take what the file holds; raise `MintmarkError` where a newer Mintmark wrote it, or nobody of that name."""
        schema = data.get("schema")
        if type(schema) is int and schema > _SCHEMA:
            raise MintmarkError(f"{WRITTEN}: is format {schema}, and this mintmark reads up to {_SCHEMA}; {UPGRADE}")
        version, answers = data.get("mintmark"), data.get("answers", {})
        files, texts = data.get("files"), data.get("texts", {})
        if schema != _SCHEMA or not isinstance(version, str) or not is_version(version):
            raise MintmarkError(f'{WRITTEN}: "schema" and "mintmark" are not as mintmark init wrote them; {_AGAIN}')
        if not (isinstance(answers, dict) and _is_text_table(files) and _is_text_table(texts)):
            raise MintmarkError(f'{WRITTEN}: "files" and "answers" are not as mintmark init wrote them; {_AGAIN}')
        if not all(_OID.fullmatch(oid) for oid in (*files.values(), *texts)):
            raise MintmarkError(f'{WRITTEN}: "files" names what is no id of Git; {_AGAIN}')
        found = cls(mintmark=version, files=files, answers=answers, texts=texts)
        if parse_version(version) > parse_version(__version__):
            raise MintmarkError(f"{WRITTEN}: was written by Mintmark {version}, and this is {__version__}; {UPGRADE}")
        return found

    def text_of(self, oid: str) -> bytes | None:
        """Return the text with an id, None where it is not kept here."""
        text = self.texts.get(oid, "").encode("utf-8", "surrogatepass")
        return text if blob_oid(text) == oid else None


def _is_text_table(value: Any) -> TypeGuard[dict[str, str]]:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def describe_written(
    files: Mapping[str, bytes], answers: Mapping[str, Any], texts: Mapping[str, str] | None = None
) -> bytes:
    """Return the file that says what this version wrote."""
    ids = {path: blob_oid(content) for path, content in sorted(files.items())}
    return format_json(Written(mintmark=__version__, files=ids, answers=answers, texts=texts or {}).to_dict()).encode()
