"""The model registry that MLflow's clients, server and pages read: a Mintmark registry. Writes nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NoReturn

from mlflow.exceptions import MlflowException
from mlflow.prompt.registry_utils import add_prompt_filter_string
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.abstract_store import AbstractStore
from mlflow.utils.search_utils import SearchModelUtils, SearchModelVersionUtils, SearchUtils

from mintmark.errors import MintmarkError
from mintmark.publishing.exchange.mlflow.address import format_version_uri, parse_store_uri
from mintmark.publishing.exchange.mlflow.entities import STAGES, model_version, registered_model
from mintmark.publishing.exchange.mlflow.faults import raise_missing, refuse_write, told_to_mlflow
from mintmark.publishing.exchange.mlflow.numbered import LATEST, NumberedSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

    from mintmark.publishing.exchange.mlflow.numbered import NumberedRegistry, NumberedVersion

_MOST_MODELS = 100  # a page, where MLflow says no other number
_MOST_VERSIONS = 10_000


class MintmarkStore(AbstractStore):  # type: ignore[misc] # MLflow has an environment of its own
    """A registry at `mintmark:///path/of/a/clone` or `mintmark+https://the.address/of/a/site`, read at its base branch.

    A version has the number of its registration. Its aliases are its channels, `latest`, and `v1.2.0`.
    """

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        with told_to_mlflow():
            self._address = parse_store_uri(store_uri or "")
        self._sources = threading.local()  # MLflow's server asks from several threads

    def _now(self) -> NumberedRegistry:
        if not hasattr(self._sources, "own"):
            self._sources.own = NumberedSource(self._address)
        source: NumberedSource = self._sources.own
        return source.now()

    def get_registered_model(self, name: str) -> RegisteredModel:
        """See `AbstractStore`."""
        with told_to_mlflow():
            registry = self._now()
            _require_model(registry, name)
            return self._model(registry, name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList:
        """See `AbstractStore`."""
        with told_to_mlflow():
            registry = self._now()
            models = [self._model(registry, name) for name in registry.models]
        wanted = add_prompt_filter_string(filter_string, is_prompt=False)
        found = SearchModelUtils.sort(SearchModelUtils.filter(models, wanted), order_by)
        return _page(found, max_results or _MOST_MODELS, page_token)

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList:
        """See `AbstractStore`; the newest registration comes first unless `order_by` says otherwise."""
        wanted = add_prompt_filter_string(filter_string, is_prompt=False)
        with told_to_mlflow():
            registry = self._now()
            names = _named(filter_string, registry.models)
            versions = [model_version(self._address, each) for name in names for each in registry.versions(name)]
        order = order_by or ["last_updated_timestamp DESC", "name ASC", "version_number DESC"]
        found = SearchModelVersionUtils.sort(SearchModelVersionUtils.filter(versions, wanted), order)
        return _page(found, max_results or _MOST_VERSIONS, page_token)

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        """See `AbstractStore`."""
        with told_to_mlflow():
            return model_version(self._address, self._version(name, version))

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        """See `AbstractStore`."""
        with told_to_mlflow():
            found = self._version(name, version)
            return format_version_uri(self._address, name, found.version)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """See `AbstractStore`; `v1.2.0` is an alias of every version."""
        with told_to_mlflow():
            registry = self._now()
            _require_model(registry, name)
            version = registry.resolve(name, alias)
            if version is None:
                known = ", ".join(registry.aliases(name))
                raise_missing(
                    f'{name} has no alias "{alias}"; there are {known or "none yet"}, and v1.2.0 for a version'
                )
            return model_version(self._address, registry.versions(name, [version])[0])

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """See `AbstractStore`: `latest` without stages, else what the channels of these names point to."""
        with told_to_mlflow():
            registry = self._now()
            _require_model(registry, name)
            wanted = [LATEST] if not stages else [stage.lower() for stage in stages]
            aliases = registry.aliases(name)
            unknown = [
                stage for stage in wanted if stage not in (*aliases, *map(str.lower, STAGES), "none", "archived")
            ]
            if unknown:
                raise_missing(f'{name} has no channel "{unknown[0]}"; there are {", ".join(aliases) or "none yet"}')
            versions = registry.versions(name, [aliases[stage] for stage in wanted if stage in aliases])
            return [model_version(self._address, found) for found in versions]

    def list_webhooks(self, max_results: int | None = None, page_token: str | None = None) -> PagedList:  # noqa: ARG002
        """See `AbstractStore`: there are none; the forge has them."""
        return PagedList([], None)

    def list_webhooks_by_event(
        self,
        event: Any,  # noqa: ARG002
        max_results: int | None = None,  # noqa: ARG002
        page_token: str | None = None,  # noqa: ARG002
    ) -> PagedList:
        """See `AbstractStore`: there are none."""
        return PagedList([], None)

    def _model(self, registry: NumberedRegistry, name: str) -> RegisteredModel:
        versions = registry.versions(name)
        try:
            return registered_model(self._address, name, registry.identity(name), versions)
        except MintmarkError as error:
            return registered_model(self._address, name, None, versions, str(error))

    def _version(self, name: str, number: str | int) -> NumberedVersion:
        registry = self._now()
        _require_model(registry, name)
        version = (
            registry.version_of(name, int(number)) if str(number).isdecimal() else registry.resolve(name, str(number))
        )
        if version is None:
            raise_missing(_why_missing(registry, name, str(number)))
        return registry.versions(name, [version])[0]

    def create_registered_model(self, name: str, *_: Any, **__: Any) -> NoReturn:
        """See `AbstractStore`: refused; of a model that is there, `mlflow.register_model` goes on to a version."""
        with told_to_mlflow():
            if name in self._now().models:
                raise MlflowException(f'there is a model "{name}" already', RESOURCE_ALREADY_EXISTS)
        refuse_write(f"git switch -c add-{name}, then mintmark add {name} --data FILE --target COLUMN")

    def update_registered_model(self, name: str, *_: Any, **__: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"edit models/{name}/model.yaml")

    def rename_registered_model(self, name: str, *_: Any, **__: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"the how-to on renaming a model says what becomes of {name}")

    def delete_registered_model(self, name: str) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"delete models/{name}")

    set_registered_model_tag = delete_registered_model_tag = update_registered_model

    def create_model_version(self, name: str, *_: Any, **__: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"mintmark propose {name} --open")

    def update_model_version(self, name: str, *_: Any, **__: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"a version never changes; mintmark propose {name} --open makes the next")

    set_model_version_tag = delete_model_version_tag = update_model_version

    def transition_model_version_stage(self, name: str, version: Any, stage: str, *_: Any, **__: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"mintmark promote {self._reference(name, version)} {stage.lower()} --open")

    def delete_model_version(self, name: str, version: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"mintmark yank {self._reference(name, version)} --reason TEXT --open")

    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"mintmark promote {self._reference(name, version)} {alias} --open")

    def delete_registered_model_alias(self, name: str, alias: str) -> NoReturn:
        """See `AbstractStore`: refused."""
        refuse_write(f"mintmark rollback {name} {alias} --open, or delete models/{name}/channels/{alias}.yaml")

    def _reference(self, name: str, number: Any) -> str:
        with told_to_mlflow():
            return f"{name}@{self._version(name, number).version}"


def _require_model(registry: NumberedRegistry, name: str) -> None:
    if name not in registry.models:
        raise_missing(f'there is no model "{name}"; there are {", ".join(registry.models[:10]) or "none yet"}')


def _why_missing(registry: NumberedRegistry, name: str, number: str) -> str:
    if not number.isdecimal():
        return f"{name} has no version {number}; MLflow counts versions: give the number, or models:/{name}@v1.2.0"
    withdrawn = registry.was_withdrawn(name, int(number))
    if withdrawn is not None:
        return f"version {number} of {name} was {withdrawn}, which was withdrawn; its number goes to no other"
    return f"{name} has no version {number}"


def _named(filter_string: str | None, models: Iterable[str]) -> list[str]:
    """Return the models that a filter can mean: MLflow's own pages always ask for one by its name."""
    asked = SearchModelVersionUtils.parse_search_filter(filter_string) if filter_string else []
    only = {each["value"] for each in asked if each["key"] == "name" and each["comparator"] == "="}
    return [name for name in models if not only or name in only]


def _page(found: Sequence[Any], most: int, page_token: str | None) -> PagedList:
    start = SearchUtils.parse_start_offset_from_page_token(page_token)
    end = start + most
    return PagedList(found[start:end], SearchUtils.create_page_token(end) if end < len(found) else None)
