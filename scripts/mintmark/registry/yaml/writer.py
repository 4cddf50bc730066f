"""The writer behind `yaml/text.py`: values into text that our reader reads back. Opens no files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml._yaml import CEmitter
from yaml.representer import SafeRepresenter
from yaml.resolver import Resolver

from mintmark.registry.yaml.plain import FLOAT

if TYPE_CHECKING:
    from collections.abc import Mapping

# Text to us, a number to YAML 1.2 and so to DVC, which reads model.yaml as parameters.
_OCTAL = re.compile(r"[-+]?0o[0-7_]+\Z")


def write_document(data: Mapping[str, Any]) -> str:
    """Return `data` as a block-style YAML document, keys in the order given."""
    return str(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, width=110))


class _Dumper(CEmitter, SafeRepresenter, Resolver):
    """PyYAML's dumper, which also quotes what only YAML 1.2 takes for a number (an md5 such as 12e4...)."""

    def __init__(self, stream: Any, **options: Any) -> None:
        emitter = ("canonical", "indent", "width", "encoding", "allow_unicode", "line_break",
                   "explicit_start", "explicit_end", "version", "tags")  # fmt: skip
        CEmitter.__init__(self, stream, **{name: options[name] for name in emitter if name in options})
        SafeRepresenter.__init__(self, default_flow_style=False, sort_keys=False)
        Resolver.__init__(self)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write every value out: our reader refuses aliases."""
        return True


def _represent_text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value and _fits_block(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _fits_block(value: str) -> bool:
    return value.isprintable() or all(c == "\n" or c.isprintable() for c in value)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", _OCTAL, list("-+0"))
