"""The messages of the protocol, made from its .proto when a server starts. No generated code is kept.

They are in a pool of their own: a client's generated code, in the same process, may hold messages of the same names.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = Path(__file__).parent
FILES: Final = ("open_inference.proto", "health.proto")


@dataclass(frozen=True, slots=True)
class Protocol:
    """`messages` by their name without the package; `methods` has the names of each service's methods.

    `pool` describes all of them.
    """

    pool: descriptor_pool.DescriptorPool
    messages: Mapping[str, Any]
    methods: Mapping[str, tuple[str, ...]]


@cache
def read_protocol() -> Protocol:
    """Return what the .proto files say; compiling them takes some milliseconds."""
    pool = descriptor_pool.DescriptorPool()
    messages: dict[str, Any] = {}
    methods = {}
    for file in _compile().file:
        pool.Add(file)
        for message in file.message_type:
            described = pool.FindMessageTypeByName(f"{file.package}.{message.name}")
            messages[message.name] = message_factory.GetMessageClass(described)
        for service in file.service:
            methods[f"{file.package}.{service.name}"] = tuple(method.name for method in service.method)
    return Protocol(pool, messages, methods)


def _compile() -> descriptor_pb2.FileDescriptorSet:
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "descriptors")
        code = protoc.main(["protoc", f"--proto_path={_FOLDER}", f"--descriptor_set_out={found}", *FILES])
        if code:
            raise RuntimeError(f"{_FOLDER}: protoc refuses {', '.join(FILES)}")
        return descriptor_pb2.FileDescriptorSet.FromString(found.read_bytes())
