"""Tables as Parquet bytes and digests: the same rows give the same bytes. Reads and writes no files."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


def format_parquet(frame: pd.DataFrame, *, ascending: Sequence[str] = ()) -> bytes:
    """Return a table as Parquet; its bytes follow from rows and types alone (no index, no pandas metadata).

    Whole numbers of the columns `ascending` take as many bits as the steps between them need.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    steps = {
        "use_dictionary": [name for name in table.column_names if name not in ascending],
        "column_encoding": dict.fromkeys(ascending, "DELTA_BINARY_PACKED"),
    }
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        version="2.6",
        store_schema=False,
        row_group_size=1 << 20,
        **(steps if ascending else {}),
    )
    return sink.getvalue()


def parse_parquet(data: bytes) -> pd.DataFrame:
    """Return the table in Parquet bytes. Raises `pyarrow.ArrowInvalid` where they are not Parquet."""
    return pq.read_table(io.BytesIO(data)).to_pandas()


def format_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV with Unix line ends; floats are written with 12 digits."""
    text: str = frame.to_csv(index=False, lineterminator="\n", float_format="%.12g")
    return text.encode("utf-8")


def digest_bytes(data: bytes) -> str:
    """Return `sha256:` and the digest."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_frame(frame: pd.DataFrame) -> str:
    """Return a digest of the content of a table: names, types and values in order, whatever library wrote it.

    Each column adds its name, its type and its values as text that tells every two values apart (`repr`).
    """
    digest = hashlib.sha256()
    for name in frame.columns:
        _add_column(digest, name, frame[name])
    return f"sha256:{digest.hexdigest()}"


def _add_column(digest: hashlib._Hash, name: Hashable, column: pd.Series) -> None:
    digest.update(f"{name}\0{column.dtype}\0".encode())
    digest.update("\n".join(map(repr, column.tolist())).encode())
    digest.update(b"\0")
