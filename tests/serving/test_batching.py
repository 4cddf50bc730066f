"""Calls that come one after another reach a model together, and nobody waits for long or for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
from tests.serving.running import call_app, run
from tests.serving.served import Echo, app_of, version_of

from mintmark.serving.app import App
from mintmark.serving.batching import LOOKS, Batcher


class Row:
    """A row that may be asked about with any other."""

    key = ()

    def __len__(self) -> int:
        return 1


class Model:
    """Answers at once, and notes how many rows it was asked about together."""

    def __init__(self) -> None:
        self.sizes = list[int]()
        self._batcher: Batcher[Row, None] = Batcher(self._answer, name="a model", executor=ThreadPoolExecutor(1))

    def _answer(self, rows: Sequence[Row]) -> Sequence[None]:
        self.sizes.append(len(rows))
        return [None] * len(rows)

    async def ask(self) -> None:
        await self._batcher.ask(Row(), comes_alone=True)


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
            for _ in range(4):  # the answer to a lonely call is quicker than the next call
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


class Slow(Echo):
    """Takes its time, and notes how many rows it was asked about together."""

    def __init__(self) -> None:
        self.sizes = list[int]()

    def predict(self, table: pd.DataFrame) -> Any:
        self.sizes.append(len(table))
        time.sleep(0.02)
        return super().predict(table)


def test_a_slow_model_is_not_asked_about_the_first_who_comes_back() -> None:
    model = Slow()

    async def call(app: App, number: int) -> None:
        for _ in range(10):
            reply = await call_app(app, "/models/people/predict", {"rows": [{"age": number}]})
            assert reply.json["predictions"] == [{"prediction": str(number)}]
            await asyncio.sleep(number * 0.0005)  # a network brings them one after another

    async def call_all() -> None:
        with ThreadPoolExecutor(max_workers=1) as executor:
            app = app_of(version_of(model, {"age": "int64"}, executor))
            await asyncio.gather(*(call(app, number) for number in range(8)))

    run(call_all())
    settled = model.sizes[len(model.sizes) // 4 :]
    assert sum(settled) / len(settled) > 5, model.sizes  # one and the others in turn would make four


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
        model = Model()
        await _one_by_one(model, callers=4, times=20)  # as many are expected from now on
        first, second, third = (asyncio.create_task(model.ask()) for _ in range(3))
        await asyncio.sleep(0)
        first.cancel()  # while it waits for company
        await asyncio.wait_for(asyncio.wait([first, second, third]), 1)
        assert first.cancelled()
        assert model.sizes[-1] == 2
        await asyncio.wait_for(model.ask(), 1)

    run(going())
