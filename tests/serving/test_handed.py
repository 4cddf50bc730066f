"""Several processes share connections evenly, and lose none when they stop."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

import pytest
from tests.serving.running import run

from mintmark.serving.processes import handed
from mintmark.serving.processes.handed import Handed, Turns, make_channel


class Named(asyncio.Protocol):
    """Says who has a connection."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._name)
        transport.close()


@pytest.fixture
def listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    made.setblocking(False)
    return made


async def said(listening: socket.socket) -> bytes:
    """What somebody who connects is told."""
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_each_gets_as_many_and_who_stops_gets_no_more(listening: socket.socket) -> None:
    async def go() -> None:
        turns, handed = Turns(), {}
        channels = {name: socket.socketpair() for name in (b"one", b"two", b"three")}
        assert not turns
        for name, (ours, its) in channels.items():
            ours.setblocking(False)
            handed[name] = Handed(its)
            handed[name].start(lambda name=name: Named(name))  # type: ignore[misc]
            assert turns.listen_to(ours)

        async def asked(times: int) -> Counter[bytes]:
            callers = [asyncio.ensure_future(said(listening)) for _ in range(times)]
            await asyncio.sleep(0.05)
            for _ in range(times):
                turns.hand_over(listening)
            return Counter(await asyncio.gather(*callers))

        assert await asked(12) == {b"one": 4, b"two": 4, b"three": 4}
        stops = asyncio.ensure_future(handed[b"two"].stop())
        await asyncio.sleep(0.05)
        assert not stops.done(), "it waits for what was on the way"
        late = asyncio.ensure_future(asked(3))
        assert (await late)[b"two"] == 1
        assert turns.listen_to(channels[b"two"][0])
        await stops
        assert await asked(4) == {b"one": 2, b"three": 2}
        asyncio.get_running_loop().remove_reader(channels[b"one"][1])
        channels[b"one"][1].close()
        assert not turns.listen_to(channels[b"one"][0]), "it has ended"
        assert await asked(2) == {b"three": 2}

    run(go())
    listening.close()


def test_a_process_that_ended_unseen_costs_no_connection(listening: socket.socket) -> None:
    async def go() -> None:
        turns = Turns()
        pairs = [socket.socketpair() for _ in range(2)]
        for number, (ours, its) in enumerate(pairs):
            ours.setblocking(False)
            Handed(its).start(lambda number=number: Named(b"%d" % number))  # type: ignore[misc]
            turns.listen_to(ours)
        asyncio.get_running_loop().remove_reader(pairs[0][1])
        pairs[0][1].close()
        callers = [asyncio.ensure_future(said(listening)) for _ in range(4)]
        await asyncio.sleep(0.05)
        for _ in callers:
            turns.hand_over(listening)
        assert await asyncio.gather(*callers) == [b"1"] * 4

    run(go())
    listening.close()


async def stop(taking: Handed, turns: Turns, ours: socket.socket) -> None:
    stops = asyncio.ensure_future(taking.stop())
    await asyncio.sleep(0.05)
    assert turns.listen_to(ours)
    await stops


def test_who_comes_while_no_process_takes_more_waits(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handed, "_REST", 0.001)

    async def go() -> None:
        turns = Turns()
        ours, its = make_channel()
        its.send(b"+")
        assert turns.listen_to(ours)
        callers = [asyncio.ensure_future(said(listening)) for _ in range(100)]
        await asyncio.sleep(0.05)
        for _ in callers:
            turns.hand_over(listening)
        await asyncio.sleep(0.05)
        assert not any(caller.done() for caller in callers)
        taking = Handed(its)
        taking.start(lambda: Named(b"late"))
        while not all(caller.done() for caller in callers):
            turns.hand_over(listening)
            await asyncio.sleep(0)
        assert {caller.result() for caller in callers} == {b"late"}
        await stop(taking, turns, ours)

    run(go())
    listening.close()


def test_a_process_that_hangs_gets_no_more_while_another_takes_them(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handed, "_STUCK", 0.2)

    async def go() -> None:
        turns = Turns()
        (ours, its), (others, hanging) = make_channel(), make_channel()
        hanging.send(b"+")
        assert turns.listen_to(others)
        taking = Handed(its)
        taking.start(lambda: Named(b"here"))
        assert turns.listen_to(ours)

        async def asked(answered: int) -> list[bytes]:
            """What so many are told, and long enough after that whoever else is."""
            callers = [asyncio.ensure_future(said(listening)) for _ in range(4)]
            await asyncio.sleep(0.05)
            for _ in callers:
                turns.hand_over(listening)
            async with asyncio.timeout(30):
                while sum(caller.done() for caller in callers) < answered:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.25)
            return [caller.result() for caller in callers if caller.done()]

        assert await asked(2) == [b"here"] * 2
        assert await asked(4) == [b"here"] * 4
        hanging.close()
        await stop(taking, turns, ours)

    run(go())
    listening.close()
