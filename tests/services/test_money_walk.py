"""Random charges, refunds, disputes, payouts, lost answers, bad days: whatever happens, every cent is accounted for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.gateways.payment.stripe import StripeGateway
from tests.conftest import Scratch
from tests.services.money_stage import MoneyStage
from tests.services.money_walk import Chance, Walk
from tests.services.money_walk_check import find_broken, find_unsettled
from tests.stripe_stand import SECRET, running_stand

WALKS: Final = int(os.environ.get("MARQUEE_WALKS", "0"))
"""How many random walks are made; none asked for means the same few every time."""

FEW: Final = 3
LONG: Final = 40
HAPPENS: Final = [
    happens
    for happens, often in {
        Walk.books: 4,
        Walk.books_far: 2,
        Walk.card_is_due: 2,
        Walk.pays: 5,
        Walk.works: 4,
        Walk.disputes_work: 2,
        Walk.calls_off: 1,
        Walk.decides: 4,
        Walk.approves: 3,
        Walk.refunds: 3,
        Walk.looks_after_refunds: 2,
        Walk.owes: 2,
        Walk.gives_up: 2,
        Walk.bank_disputes: 1,
        Walk.bank_decides: 2,
        Walk.refund_comes_back: 1,
        Walk.refunded_by_hand: 1,
        Walk.reversed_by_hand: 1,
        Walk.actor_is_paid_out: 2,
        Walk.account_changes: 1,
        Walk.events_arrive: 4,
        Walk.workers_work: 8,
        Walk.messages_are_lost: 1,
        Walk.clock_strikes: 5,
        Walk.waits: 3,
        Walk.stripe_has_a_bad_moment: 4,
        Walk.loses_an_answer: 5,
    }.items()
    for _ in range(often)
]

tally: Final[Counter[str]] = Counter()
seeds: Final = st.integers(0, 2**32 - 1)


class MoneyWalk(RuleBasedStateMachine):
    """A walk from an empty database to one in which nothing is on its way any more."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk, self.steps = walk, 0
        tally["walks"] += 1

    def chance(self, seed: int) -> Chance:
        """What decides within the next step: the same seed does not lead to the same step again."""
        self.steps += 1
        return Chance(Random(f"{seed} {self.steps}"))

    @initialize(seed=seeds)
    def begin(self, seed: int) -> None:
        """A walk begins with some bookings on their way."""
        chance = self.chance(seed)
        for asks in (self.walk.books, self.walk.books, self.walk.books_far):
            asks(chance)
        self.walk.workers_finish()
        for _ in range(3):
            self.walk.pays(chance)

    @rule(seed=seeds)
    def something_happens(self, seed: int) -> None:
        """One step, and a look at everything."""
        chance = self.chance(seed)
        happens = chance.pick(HAPPENS)
        happens(self.walk, chance)
        tally[happens.__name__] += 1
        tally["steps"] += 1
        self.look(find_broken)

    def teardown(self) -> None:
        """Let everything come to its end, and look once more."""
        self.walk.drain()
        self.look(find_unsettled)
        for row in self.walk.endings():
            tally[row] += 1

    def look(self, find: Callable[[MoneyStage], Iterator[str]]) -> None:
        """Fail with the whole story when something does not hold."""
        broken = list(find(self.walk.stage))
        assert not broken, "\n".join([*self.walk.told, "", *broken])


def test_whatever_happens_to_money_every_cent_is_where_the_books_say(
    scratch: Scratch, compiled: Database, settings: Settings, outside: Outside, tmp_path: Path
) -> None:
    numbers = count(1)

    @contextmanager
    def fresh() -> Iterator[Walk]:
        scratch.renew()
        with compiled as database, running_stand(tmp_path / f"stripe{next(numbers)}.db") as stand:
            stand.gateway = StripeGateway("sk_test_stand", api_base=stand.url, webhook_secrets=(SECRET,), retries=0)
            yield Walk(MoneyStage(database, settings, outside, stand))

    class OneWalk(MoneyWalk):
        def __init__(self) -> None:
            self.world = fresh()
            super().__init__(self.world.__enter__())

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                self.world.__exit__(None, None, None)

    few = hypothesis.settings(
        max_examples=WALKS or FEW, stateful_step_count=LONG, deadline=None, derandomize=not WALKS, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    tally.clear()
    run_state_machine_as_test(OneWalk, settings=few)
    print(f"\n{dict(tally)}")
