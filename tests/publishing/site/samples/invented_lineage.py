"""The lineage of a registry that nobody has: 100 models with 100 versions each, and what each was made from."""

from __future__ import annotations

import hashlib
from functools import cache

from mintmark.publishing.site.api.json_text import Document
from mintmark.publishing.site.api.lineage_index import RegistryLineage, registry_lineage

MODELS, VERSIONS = 100, 100
RELEASES = ("1.5.10", "1.5.1", "1.6.0")
PACKAGES = ("numpy", *(f"package-{number:02}" for number in range(60)))
HOSTILE = '<img src=x onerror=alert(1)>"\\'


@cache
def digest(text: str) -> str:
    """A digest as no two texts have it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@cache
def invented_documents() -> list[Document]:
    """The document of each model: other data for each version, other code every tenth, three releases of packages."""
    return [_document(f"model-{number:03}") for number in range(MODELS)]


def _document(name: str) -> Document:
    versions = [f"1.{number}.0" for number in reversed(range(VERSIONS))]
    champion = versions[3]

    def entry(named: dict[str, str], own: list[str]) -> Document:
        mark = champion if champion in own else None
        return {**named, "versions": own, "more": 0, "first": own[-1], "champion": mark}

    data = [
        entry(
            {"path": f"models/{name}/{role}.parquet", "hash": digest(f"{name} {role} {version}"), "role": role},
            [version],
        )
        for role in ("evaluation", "training")
        for version in versions
    ]
    scripts = [
        entry(
            {"path": f"{folder}/{script}.py", "hash": digest(f"{folder} {script} {tenth}")},
            versions[tenth : tenth + 10],
        )
        for folder in ("scripts", f"models/{name}/scripts")
        for script in ("prepare", "train", "evaluate")
        for tenth in range(0, VERSIONS, 10)
    ]
    packages = [
        entry({"package": package, "version": release}, versions[number::3])
        for package in PACKAGES
        for number, release in enumerate(RELEASES)
    ]
    if name == "model-007":
        packages.append(entry({"package": HOSTILE, "version": HOSTILE}, versions))
    return {"name": name, "packages": packages, "scripts": scripts, "data": data}


@cache
def invented_lineage() -> RegistryLineage:
    """What a site of it has of its lineage."""
    return registry_lineage(invented_documents(), None)
