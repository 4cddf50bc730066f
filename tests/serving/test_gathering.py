"""Calls that come one after another reach a model together, and nobody waits for long or for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from tests.serving.running import run

from mintmark.serving.grpc.gathering import LOOKS, Gathering


class Model:
    """Answers who asks at the same time together, as a batcher does, and notes how many these were."""

    def __init__(self) -> None:
        self.gathering, self.sizes = Gathering(), list[int]()
        self._asked: list[asyncio.Future[None]] = []

    async def ask(self) -> None:
        await self.gathering.join()
        try:
            loop = asyncio.get_running_loop()
            self._asked.append(loop.create_future())
            if len(self._asked) == 1:
                loop.call_soon(self._answer)
            await self._asked[-1]
        finally:
            self.gathering.leave()

    def _answer(self) -> None:
        self.sizes.append(len(self._asked))
        for each in self._asked:
            if not each.done():
                each.set_result(None)
        self._asked.clear()


async def _one_by_one(model: Model, callers: int, times: int) -> None:
    """Let callers ask, each again once it is answered; calls are handed over one in each turn of the loop."""
    ready: asyncio.Queue[int] = asyncio.Queue()
    left = callers * times
    done = asyncio.Event()

    async def call(number: int) -> None:
        nonlocal left
        await model.ask()
        left -= 1
        ready.put_nowait(number)
        if not left:
            done.set()

    async def hand_over() -> None:
        while True:
            number = await ready.get()
            tasks.append(asyncio.create_task(call(number)))
            for _ in range(3):  # the answer to a lonely call is quicker than the next call
                await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    for number in range(callers):
        ready.put_nowait(number)
    handing = asyncio.create_task(hand_over())
    await asyncio.wait_for(done.wait(), 30)
    handing.cancel()
    await asyncio.gather(*tasks)


def test_callers_that_ask_again_and_again_are_answered_together() -> None:
    model = Model()
    run(_one_by_one(model, callers=16, times=100))
    assert sum(model.sizes) >= 1600
    settled = model.sizes[3 * LOOKS :]
    assert sum(settled) / len(settled) > 8, model.sizes


def test_a_lonely_caller_waits_for_nobody() -> None:
    async def lonely() -> list[float]:
        model, spent = Model(), []
        for _ in range(100):
            begin = time.perf_counter()
            await model.ask()
            spent.append(time.perf_counter() - begin)
        return spent

    assert sorted(run(lonely()))[50] < 0.0005


def test_callers_that_go_hold_up_nobody() -> None:
    async def going() -> None:
        gathering = Gathering()
        await gathering.join()
        waiting = [asyncio.create_task(gathering.join()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        gathering.leave()  # three are expected; one has gone
        await asyncio.wait(waiting)
        gathering.leave()
        gathering.leave()
        first, second = (asyncio.create_task(gathering.join()) for _ in range(2))
        await asyncio.sleep(0)
        gathering._begin()
        first.cancel()  # in the moment in which its round begins
        await asyncio.wait([first, second])
        assert first.cancelled()
        gathering.leave()
        await asyncio.wait_for(_join(gathering), 1)

    async def _join(gathering: Gathering) -> None:
        await gathering.join()
        gathering.leave()

    coroutine: Coroutine[Any, Any, None] = going()
    run(coroutine)
