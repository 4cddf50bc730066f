"""Build a registry's site: the builder's pages, every model's part, and what tells of the whole. Starts processes."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding, without_credentials
from mintmark.core.layout import locate
from mintmark.core.reference import is_name
from mintmark.publishing.site.api.audit_parts import audit_parts
from mintmark.publishing.site.api.audit_table import format_audit_table
from mintmark.publishing.site.api.broken import broken_entries
from mintmark.publishing.site.api.database import DatabaseWriter
from mintmark.publishing.site.api.feed import format_feed, format_model_feed
from mintmark.publishing.site.api.json_text import Document, format_document
from mintmark.publishing.site.api.lineage_index import RegistryLineage, registry_lineage
from mintmark.publishing.site.api.published_schemas import published_schemas
from mintmark.publishing.site.api.registry_documents import Addresses, audit_document, config_document, models_document
from mintmark.publishing.site.embedded_files import PUBLISHED_BYTES, embedded_files, store_address
from mintmark.publishing.site.frames.builders import build_project
from mintmark.publishing.site.frames.docs_files import docs_files, misnamed_docs
from mintmark.publishing.site.frames.docs_settings import parse_config
from mintmark.publishing.site.frames.frames import read_frames
from mintmark.publishing.site.frames.project import write_project
from mintmark.publishing.site.frames.search import SearchEntry, add_entries, write_sitemap
from mintmark.publishing.site.kept.known_frames import known_frames
from mintmark.publishing.site.kept.known_model import write_known_model
from mintmark.publishing.site.kept.shelf import Shelf, fingerprint
from mintmark.publishing.site.model_site import ModelJob
from mintmark.publishing.site.monitored.given import with_windows
from mintmark.publishing.site.output import SiteFolder, check_output, replacing
from mintmark.publishing.site.pages.audit_page import audit_page
from mintmark.publishing.site.pages.home_page import home_page
from mintmark.publishing.site.pages.whole.compare_page import compare_page
from mintmark.publishing.site.pages.whole.lineage_page import lineage_page
from mintmark.publishing.site.pages.write_links import github_repository
from mintmark.publishing.site.script_texts import script_texts
from mintmark.publishing.site.site_plan import API, SitePlan, preview
from mintmark.registry import git
from mintmark.registry.documents import open_cache
from mintmark.registry.past.approvals import approvals_of, read_told_tags
from mintmark.registry.past.chronicle import Chronicle, read_chronicle
from mintmark.registry.past.notes import read_notes
from mintmark.registry.repository.prefix import prefix_of
from mintmark.registry.snapshot import NAMES
from mintmark.registry.tree import WorkTree
from mintmark.registry.workers import in_processes
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mintmark.core.tags.message import Approved
    from mintmark.publishing.site.frames.builders import Builder
    from mintmark.publishing.site.frames.frame_places import FrameKind
    from mintmark.publishing.site.frames.frames import Frame
    from mintmark.publishing.site.model_result import ModelResult
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.derived_cache import DerivedCache
    from mintmark.registry.past.approvals import ToldTag

_FEW = 200  # versions that are written before other processes would have started
_SELDOM = 100_000  # objects
_MKDOCS = "mkdocs.yml"
_VERIFY = "verify.yml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What was built: pages, models and versions by number, what could not be shown, and settings left out.

    `writes` says whether its pages can ask for changes: an address on GitHub is known.
    """

    models: int
    versions: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    writes: bool


def build_site(
    registry: ClonedRegistry,
    output: Path,
    *,
    addresses: Addresses | None = None,
    workflow: Addresses | None = None,
    builder: Builder = "mkdocs",
    fetch: bool = False,
    on_model: Callable[[int, int], None] | None = None,
    monitoring: Path | None = None,
) -> Built:
    """Write the site of a registry into `output`, in the place of the one that is there.

    `addresses` take the place of those in the settings, and `workflow` has those that neither names; with `fetch`,
    predictions that the tree does not carry come from their remote, for curves; `on_model` is told how many models of
    how many are written. Documents of windows come from the branch `monitoring`, or from a folder (`monitoring`).
    What cannot be read is among the findings, and the rest is built (R10). Raises `MintmarkError`.
    """
    check_output(output, registry.root)
    git.require_history(registry.root)
    with replacing(output) as fresh, _collecting_seldom():
        build = _Build(registry, fresh, (addresses or Addresses(), workflow or Addresses()), builder)
        return build.run(on_model, fetch=fetch, monitoring=monitoring)


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let Python look for circles of objects less often: documents have none, and looking takes a twentieth of all."""
    usual = gc.get_threshold()
    gc.set_threshold(_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class _Build:
    """One build, step by step."""

    def __init__(
        self, registry: ClonedRegistry, fresh: Path, addresses: tuple[Addresses, Addresses], builder: Builder
    ) -> None:
        self.registry, self.builder = registry, builder
        self.folder = SiteFolder(fresh)
        self.shelf = Shelf(git.cache_folder(registry.root) / "site", fingerprint())
        self.misnamed: list[Finding] = []
        self.strange: list[Finding] = []  # documents of windows that belong to no model
        document = registry.read("registry", layout.REGISTRY)
        self.settings = registry.settings  # which raises where it is missing or broken
        self.addresses = _addresses(registry, *addresses)
        self.document: dict[str, Any] = dict(document.data if document and document.data else {})
        if "addresses" in self.document:
            self.document["addresses"] = {key: _public(found) for key, found in self.document["addresses"].items()}

    def run(self, on_model: Callable[[int, int], None] | None, *, fetch: bool, monitoring: Path | None = None) -> Built:
        """Build everything; the site builder and Git work in processes of their own at the same time."""
        with ThreadPoolExecutor(2) as side:
            building = side.submit(self._build_frames)
            listing = side.submit(self.registry.tree.entries, layout.MODELS)
            chronicle = self._chronicle()
            entries = listing.result()
            frames, left_out = building.result()
        schemas = published_schemas()
        commit = chronicle.settings.oid if chronicle.settings else None
        config = config_document(self.document, self.addresses, sorted(schemas), commit)
        files = embedded_files(self.registry, fetch=fetch)
        plan = SitePlan(
            config=config,
            frames=frames,
            folder=self.folder,
            blobs=self.registry.tree.blobs,
            files=files,
            publishes_all=files.size <= PUBLISHED_BYTES,
        )
        tags = read_told_tags(self.registry.root)
        jobs = list(_jobs(self.registry, entries, chronicle, tags))
        jobs, strange = with_windows(self.registry, jobs, monitoring)
        self.strange += strange
        self.misnamed += _misnamed(entries)
        results = _write_models(self.registry, self.shelf, plan, jobs, on_model)
        for name, content in schemas.items():
            self.folder.write(f"{API}/schemas/{name}", content)
        shown = self._write_whole(plan, chronicle, results, approvals_of(tags))
        self.shelf.sweep()
        findings = [*self.misnamed, *self.strange, *(finding for result in shown for finding in result.findings)]
        models = [result for result in shown if result.counts is not None]
        return Built(
            models=len(models),
            versions=sum(result.counts["versions"] for result in models if result.counts),
            findings=tuple(findings),
            notes=left_out,
            writes=github_repository(config) is not None,
        )

    def _chronicle(self) -> Chronicle:
        tree = self.registry.tree
        if isinstance(tree, WorkTree) and tree.head is None:
            return Chronicle()
        return read_chronicle(self.registry.root, self.registry.revision)

    def _build_frames(self) -> tuple[Mapping[FrameKind, Frame], tuple[str, ...]]:
        text = self.registry.tree.read(_MKDOCS)
        docs = docs_files(self.registry)
        self.misnamed += misnamed_docs(docs)
        settings = [text and text.decode(errors="surrogateescape"), self.settings.name, self.builder]
        settings += [self.addresses.site, self.addresses.repository, self.addresses.server]
        left_out = known_frames(self.shelf, self.folder, docs, settings, partial(self._make_frames, docs, text))
        return read_frames(self.folder.folder), left_out

    def _make_frames(self, docs: Mapping[str, bytes], text: bytes | None) -> tuple[str, ...]:
        """Let the builder write its pages; return, in sentences, which settings of mkdocs.yml (`text`) are left out."""
        made = TemporaryFolder("site")
        with made as project:
            left_out = write_project(
                project,
                docs={path: content for path, content in docs.items() if path.isprintable()},
                config=parse_config(text) if text is not None else {},
                settings_name=self.settings.name,
                site_url=self.addresses.site,
                repository=self.addresses.repository,
            )
            server = self.addresses.server
            build_project(project, self.folder.folder, self.builder, keep=(made.handle,), server=server)
        return left_out

    def _write_whole(
        self,
        plan: SitePlan,
        chronicle: Chronicle,
        results: Iterator[ModelResult],
        approvals: Mapping[tuple[str, str], Approved],
    ) -> list[ModelResult]:
        """Write what tells of the whole registry, taking each model's rows into the database as they come."""
        kept = []
        path, last = self.folder.folder / API / "registry.sqlite", chronicle.last
        with DatabaseWriter(path, plan.config, commit=last.oid if last else None) as database:
            for result in results:
                database.add_model(result.pages, result.rows)
                result.pages, result.rows = [], []
                kept.append(result)
            kept.sort(key=lambda result: result.name)
            rows = [result.row for result in kept if result.row is not None]
            broken = [*broken_entries(self.misnamed, {}), *(entry for result in kept for entry in result.broken)]
            counts = [result.counts for result in kept if result.counts]
            attention = [item for result in kept for item in result.attention]
            models = models_document(rows, counts, chronicle, attention=attention, broken=broken)
            audit = audit_document(chronicle, approvals)
            lineage = registry_lineage((page for result in kept for page in result.lineage), last.oid if last else None)
            named = {(entry["path"], entry["hash"]) for entry in lineage.entries["scripts"]}
            database.add_events(audit)
            database.add_broken(models)
        self._write_scripts(named if last is not None else ())
        entries = [
            *self._write_pages(plan, models, audit, lineage),
            *(entry for result in kept for entry in result.entries),
        ]
        add_entries(self.folder.folder, entries)
        write_sitemap(self.folder.folder, self.addresses.site, [entry.location for entry in entries])
        return kept

    def _write_scripts(self, named: Iterable[tuple[str, str]]) -> None:
        """Write the texts of the scripts that records name, and a list of those that are there."""
        texts = dict(script_texts(self.registry.root, self.registry.revision, named))
        for md5, text in texts.items():
            self.folder.write(f"{API}/code/{md5}.txt", text)
        self.folder.write(f"{API}/code/index.txt", "".join(f"{md5}\n" for md5 in sorted(texts)))

    def _write_pages(
        self, plan: SitePlan, models: Document, audit: Document, lineage: RegistryLineage
    ) -> Iterator[SearchEntry]:
        """Write what tells of the whole registry and yield its pages as the search finds them."""
        name = self.settings.name
        names = [row["name"] for row in models["models"]]
        walked = lineage_page(plan.config, lineage.entries)
        pages: dict[FrameKind, tuple[str, str, str]] = {
            "home": (name, self.document.get("description") or f"The models of {name}", home_page(plan.config, models)),
            "audit": ("Audit", f"Who did what in {name}", audit_page(plan.config, audit, names)),
            "compare": ("Compare", f"Versions of {name} side by side", compare_page(plan.config, models)),
            "lineage": ("Lineage", f"What the versions of {name} were made from", walked),
        }
        whole = {"config.json": plan.config, "models.json": models, **audit_parts(audit), **lineage.documents}
        for path, document in whole.items():
            self.folder.write(f"{API}/{path}", format_document(document))
        self.folder.write(f"{API}/audit.csv", format_audit_table(audit))
        self.folder.write(f"{API}/feed.xml", format_feed(plan.config, audit))
        events: dict[str, list[Document]] = {name: [] for name in names}
        for event in audit["events"]:
            if event["model"] in events:
                events[event["model"]].append(event)
        for model, own in events.items():
            self.folder.write(f"{API}/models/{model}/feed.xml", format_model_feed(plan.config, model, own))
        self.folder.write(".nojekyll", "")  # GitHub Pages would leave out what begins with an underscore
        for kind, (title, description, content) in pages.items():
            location = "" if kind == "home" else f"{kind}/"
            plan.write_page(kind, location, title=title, description=description, content=content)
            yield SearchEntry(location=location, title=title, text=preview(description))


def _addresses(registry: ClonedRegistry, given: Addresses, workflow: Addresses) -> Addresses:
    settings = registry.settings
    repository = _public(given.repository or settings.repository or workflow.repository)
    verifies = repository is not None and registry.tree.read(f".github/workflows/{_VERIFY}") is not None
    return Addresses(
        repository=repository,
        verifying=f"{repository.rstrip('/')}/actions/workflows/{_VERIFY}" if repository and verifies else None,
        site=_public(given.site or settings.site or workflow.site),
        store=given.store or store_address(registry),
        server=_public(given.server or settings.server),
        folder=prefix_of(registry.root),
    )


def _public(address: str | None) -> str | None:
    """Return an address as everybody may read it: what a workflow cloned from may hold a token."""
    return without_credentials(address) if address else None


def _jobs(
    registry: ClonedRegistry, entries: Mapping[str, git.Entry], chronicle: Chronicle, tags: Iterable[ToldTag]
) -> Iterator[ModelJob]:
    """Yield a job for each model, without the files that a site does not read."""
    tags_by_model: dict[str, list[ToldTag]] = {}
    for tag in tags:
        tags_by_model.setdefault(tag.tag.model, []).append(tag)
    by_model: dict[str, dict[str, git.Entry]] = {}
    for path, entry in entries.items():
        place = locate(path)
        if place.model and is_name(place.model) and place.kind not in ("candidate", "other"):
            by_model.setdefault(place.model, {})[path] = entry
    notes = read_notes(registry.root)
    for name, found in sorted(by_model.items()):
        oids = {entry.oid for entry in found.values()}
        own = {oid: note for oid, note in notes.items() if oid in oids} if notes else {}
        yield ModelJob(
            name=name,
            entries=found,
            chronicle=chronicle.model(name),
            notes=own,
            tags=tags_by_model.get(name, ()),
        )


def _misnamed(entries: Iterable[str]) -> Iterator[Finding]:
    """Yield a fault for each folder that holds a model and whose name no model can have."""
    names = {place.model: path for path in entries if (place := locate(path)).model and not is_name(place.model)}
    for name, path in sorted(names.items()):
        message = f'"{name}" cannot name a model: {NAMES}; git mv the folder'
        yield Finding(path=path, line=1, message=message)


def _write_models(
    registry: ClonedRegistry,
    shelf: Shelf,
    plan: SitePlan,
    jobs: list[ModelJob],
    on_model: Callable[[int, int], None] | None,
) -> Iterator[ModelResult]:
    """Yield the result of each job in order; many versions are written by several processes."""
    few = sum(len(job.entries) for job in jobs) <= _FEW * 2
    work = _in_this_process if few else _in_processes
    for done, result in enumerate(work(registry, shelf, plan, jobs), start=1):
        if on_model is not None:
            on_model(done, len(jobs))
        yield result


def _in_this_process(
    registry: ClonedRegistry, shelf: Shelf, plan: SitePlan, jobs: Iterable[ModelJob]
) -> Iterator[ModelResult]:
    yield from (write_known_model(plan, job, registry.documents.cache, shelf) for job in jobs)


def _in_processes(
    registry: ClonedRegistry, shelf: Shelf, plan: SitePlan, jobs: Iterable[ModelJob]
) -> Iterator[ModelResult]:
    given = (plan, shelf, git.common_folder(registry.root))
    yield from in_processes(_work, ((job,) for job in jobs), start=_start_worker, given=given)


_worker: list[tuple[SitePlan, Shelf, DerivedCache]] = []


def _start_worker(plan: SitePlan, shelf: Shelf, git_folder: Path) -> None:
    gc.set_threshold(
        _SELDOM
    )  # documents of a model go all at once, and looking through them takes a twentieth of it all
    _worker[:] = [(plan, shelf, open_cache(git_folder))]


def _work(job: ModelJob) -> ModelResult:
    plan, shelf, cache = _worker[0]
    return write_known_model(plan, job, cache, shelf)
