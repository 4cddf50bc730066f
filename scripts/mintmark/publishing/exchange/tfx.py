"""A version in TensorFlow Serving's folders, with TFX's blessing beside it. Converts no model.

The layout is that of https://www.tensorflow.org/tfx/serving/serving_config, whose versions are whole numbers; an ONNX
file in it is what Triton reads. The blessing is the empty file that TFX's Evaluator writes for its Pusher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.publishing.exchange.exported import Files

if TYPE_CHECKING:
    from mintmark.publishing.exchange.exported import ExportedVersion


def tfx_files(version: ExportedVersion) -> Files:
    """Return the folders; blessed is a version that holds a channel, and so passed its gates, and was not yanked."""
    record, source = version.record, version.source
    blessed = bool(source.channels) and source.status is None
    blessing = f"blessing/{record.model}/{version.number}/{'BLESSED' if blessed else 'NOT_BLESSED'}"
    return Files(texts={blessing: b""}, artifact=f"serving/{record.model}/{version.number}/{record.artifact.name}")
