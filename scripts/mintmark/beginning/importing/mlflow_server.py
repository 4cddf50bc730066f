"""An MLflow server over its REST API, which every version of it has. Needs no MLflow here, and writes nothing there."""

from __future__ import annotations

import http.client
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from mintmark.beginning.importing.found import ImportRefused
from mintmark.core.finding import one_line, shorten
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.http_opening import GONE, HttpFault, basic_credentials, open_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_API: Final = "/api/2.0/mlflow/"
_MOST_JSON: Final = 20 << 20  # bytes of one answer
_MOST_PAGES: Final = 1_000
_TIMEOUT: Final = 60.0
_PIECE: Final = 1 << 20
_SCHEMES: Final = ("http", "https")


@dataclass(frozen=True, kw_only=True, slots=True)
class MlflowServer:
    """A server at an address; `address` has no password in it, which is kept in `headers`."""

    address: str
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def at(cls, address: str) -> MlflowServer:
        """Take an address as a person writes it; raise `UsageError` for one that is no server's."""
        parts = urlsplit(address)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            shown = f"{parts.scheme}://…" if "@" in address else address
            raise UsageError(
                f"{shown}: is no address of an MLflow server; for a folder or a data base, run "
                f"mlflow server --backend-store-uri {shown} and give http://127.0.0.1:5000"
            )
        place = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        user = unquote(parts.username or "") or os.environ.get("MLFLOW_TRACKING_USERNAME", "")
        word = unquote(parts.password or "") or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN", "")
        if user:
            return cls(address=shown, headers=basic_credentials(user, word))
        return cls(address=shown, headers={"Authorization": f"Bearer {token}"} if token else {})

    def ask(self, verb: str, **parameters: str) -> dict[str, Any] | None:
        """Return the answer to a question, None where the server says that there is nothing of that name."""
        try:
            content = self._read(f"{_API}{verb}", parameters, _MOST_JSON)
        except HttpFault as fault:
            if fault.code in GONE:
                return None
            raise MintmarkError(f"{self.address}: {fault}{_remedy(fault)}") from None
        try:
            answer = json.loads(content, parse_constant=lambda _: None)  # a metric may be NaN
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise MintmarkError(f"{self.address}: does not answer as MLflow does; is it the address of its server?")
        return answer

    def pages(self, verb: str, key: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """Yield what a search finds, page after page."""
        token, seen = "", set[str]()
        for _ in range(_MOST_PAGES):
            answer = self.ask(verb, **parameters, **({"page_token": token} if token else {})) or {}
            items = answer.get(key, [])
            yield from (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
            token = str(answer.get("next_page_token") or "")
            if not token or token in seen:
                return
            seen.add(token)
        raise MintmarkError(f"{self.address}: its list has more than {_MOST_PAGES:,} pages")

    def file(self, name: str, version: str, path: str, limit: int) -> bytes | None:
        """Return a file of a version, None where the server has it no more; raise `ImportRefused` for other answers."""
        return self._file("/model-versions/get-artifact", path, limit, name=name, version=version, path=path)

    def run_file(self, run_id: str, path: str, limit: int) -> bytes | None:
        """Return a file of a run, as `file` does."""
        return self._file("/get-artifact", path, limit, run_id=run_id, path=path)

    def logged_file(self, model_id: str, path: str, limit: int) -> bytes | None:
        """Return a file of a logged model, which MLflow 3 keeps beside its run, as `file` does."""
        place = f"/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files"
        return self._file(place, path, limit, artifact_file_path=path)

    def _file(self, place: str, name: str, limit: int, /, **parameters: str) -> bytes | None:
        try:
            return self._read(place, parameters, limit)
        except HttpFault as fault:
            if fault.code in GONE or fault.code == 500:  # which it answers where a file is gone
                return None
            raise ImportRefused(f"{name}: the server {fault}{_remedy(fault)}") from None

    def _read(self, path: str, parameters: Mapping[str, str], limit: int) -> bytes:
        address = f"{self.address}{path}?{urlencode(parameters)}"
        try:
            with open_address(address, headers=self.headers, timeout=_TIMEOUT) as answer:
                content = bytearray()
                while piece := answer.read(_PIECE):
                    content += piece
                    if len(content) > limit:
                        raise ImportRefused(f"{parameters.get('path', path)}: is larger than {limit / 1e6:,.0f} MB")
                return bytes(content)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise HttpFault(f"stops in the middle: {shorten(one_line(str(error)), 200)}") from None


def _remedy(fault: HttpFault) -> str:
    if fault.code in (401, 403):
        return "; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    return "; is the server running?" if fault.code is None else ""
