"""Write a model's part of a site from what the build before left, where nothing that it is made from has changed.

What its pages say of stored files was seen when they were made, so it is looked at again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mintmark.core.records import StoredFile
from mintmark.publishing.site.kept.shelf import Parcel
from mintmark.publishing.site.model_result import ModelResult
from mintmark.publishing.site.model_site import write_model
from mintmark.publishing.site.site_plan import Written

if TYPE_CHECKING:
    from mintmark.publishing.site.kept.shelf import Shelf
    from mintmark.publishing.site.model_site import ModelJob
    from mintmark.publishing.site.site_plan import SitePlan
    from mintmark.registry.derived_cache import DerivedCache

_ANY_TEXT: Final = "surrogatepass"


def write_known_model(plan: SitePlan, job: ModelJob, cache: DerivedCache, shelf: Shelf) -> ModelResult:
    """Do what `write_model` does, and the same bytes come out."""
    asked = _asked(plan, job)
    parcel = shelf.take(asked)
    if parcel is not None and _is_as_before(plan, parcel):
        return _unpacked(plan, parcel)
    written = Written()
    files = replace(plan.files, missed=[])
    result = write_model(replace(plan, written=written, files=files), job, cache)
    shelf.put(asked, _packed(written, files.missed, result))
    return result


def _asked(plan: SitePlan, job: ModelJob) -> str:
    """Return all that the part of a model is made from, except for frames and what stored files hold."""
    files = plan.files
    options = (plan.publishes_all, files.folder, files.is_empty, files.remote is None)
    own = (job.name, sorted(job.entries.items()), job.chronicle, sorted(job.notes.items()), list(job.tags))
    seen = None if job.stored is None else (sorted(job.stored.files.items()), job.stored.label, job.before)
    return f"model {json.dumps(plan.config)} {options} {own} {seen}"


def _packed(written: Written, missed: list[StoredFile], result: ModelResult) -> Parcel:
    about = {
        "files": [path for path, _ in written.files],
        "pages": [page[:-1] for page in written.pages],
        "looked": [[file.name, file.to_dict(), place, is_there] for file, place, is_there in written.looked],
        "missed": [[file.name, file.to_dict()] for file in missed],
        "result": result.to_dict(),
    }
    pages = (page[-1].encode(errors=_ANY_TEXT) for page in written.pages)
    return Parcel(about, [*(content for _, content in written.files), *pages])


def _is_as_before(plan: SitePlan, parcel: Parcel) -> bool:
    """Whether stored files are there or are missing as they were; those that a site carries are written on the way."""
    looked = (
        plan.carry(StoredFile.from_dict(name, entry), place) == is_there
        for name, entry, place, is_there in parcel.about["looked"]
    )
    missed = (plan.files.read_anywhere(StoredFile.from_dict(*each)) is None for each in parcel.about["missed"])
    return all(looked) and all(missed)


def _unpacked(plan: SitePlan, parcel: Parcel) -> ModelResult:
    about, contents = parcel.about, iter(parcel.contents)
    for path in about["files"]:
        plan.folder.write(path, next(contents))
    for kind, location, title, description in about["pages"]:
        content = next(contents).decode(errors=_ANY_TEXT)
        plan.write_page(kind, location, title=title, description=description, content=content)
    return ModelResult.from_dict(about["result"])
