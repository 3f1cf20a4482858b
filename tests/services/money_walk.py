"""Random walks of money: a platform, two actors, two admins, a bank, Stripe, and workers on a bad day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State
from marketplace.domain.errors import Refused
from marketplace.domain.money import Money
from marketplace.domain.payout import State as PayoutState
from marketplace.domain.write_off import State as WriteOffState
from marketplace.gateways.payment.base import PaymentError, ReversalOrder
from marketplace.jobs import Job
from marketplace.models import (
    Booking,
    ConnectAccount,
    OutboxCommand,
    Payment,
    Payout,
    Refund,
    StripeEvent,
    Take,
    WriteOff,
)
from marketplace.services import payout as payouts
from marketplace.services.account import Decider
from marketplace.services.booking import (
    accept_delivery,
    cancel_booking,
    dispute_booking,
    settle_dispute,
    withdraw_booking,
)
from marketplace.services.booking_step import By, get_booking
from marketplace.services.payment import left_to_refund, refund_booking
from marketplace.services.payout_step import Decision
from marketplace.services.refund import drop_refund, retry_refund
from marketplace.services.refund_back import make_again, note_repaid
from marketplace.services.stripe_event import store_event
from marketplace.services.write_off import decide_write_off, list_debts, propose_write_off
from tests.services.money_stage import MoneyStage
from tests.services.stage import Story, add_actor, add_member
from tests.stripe_stand import DECLINED, PAYS, PAYS_AT_ONCE
from workers.schedule import TIMETABLE as SCHEDULE
from workers.task import TASKS, Tools
from workers.tasks.booking import sweep_bookings
from workers.tasks.outbox import send_due_payouts, sweep_outbox
from workers.tasks.reconciliation import reconcile_daily, reconcile_hourly
from workers.tasks.saved_card import charge_due_cards

T = TypeVar("T")
WORDS: Final = "Looked at it closely; this is why."
WAITS: Final = [timedelta(minutes=m) for m in (1, 6, 11, 45, 180, 60 * 13, 60 * 26)]
FAULTS: Final[list[dict[str, Any]]] = [
    {"kind": "drop"},
    {"kind": "drop_after"},
    {"kind": "drop_after", "times": 2},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "times": 3},
    {"kind": "status", "status": 409},
    {"kind": "status", "status": 402, "code": "balance_insufficient"},
]
PATHS: Final = ["^/v1/transfers$", "^/v1/refunds$", "/reversals$", "^/v1/checkout/sessions", "^/v2/", "^/v1/"]
ABOUT_MONEY: Final = (
    "outbox", "payout", "stripe_event", "payment", "saved_card", "connect", "reconciliation", "dispute", "booking",
)  # fmt: skip
TIMETABLE: Final[list[Callable[[Tools], None]]] = [
    row.function for row in SCHEDULE if row.name.partition(".")[0] in ABOUT_MONEY and row.every <= timedelta(hours=1)
]
MOST_BOOKINGS: Final = 5
MOST_FAR: Final = 2
STRIDE: Final = timedelta(days=15)
ASKS: Final = "4000002760003184"
DECLINES_LATER: Final = "4000000000000341"
ROUNDS: Final = 30


class Chance:
    """What decides within one step."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, choices: Sequence[T]) -> T:
        """One of several."""
        return self._random.choice(choices)

    def some(self, choices: Sequence[T]) -> list[T]:
        """Some of them, each perhaps twice, in no order."""
        found = [each for each in choices for _ in range(self._random.choice((0, 1, 1, 1, 2)))]
        self._random.shuffle(found)
        return found

    def upto(self, most: int) -> int:
        """A number from 1 to `most`."""
        return self._random.randint(1, most)


class Walk:
    """Everyone in it and what they can do. What the product refuses is told and changes nothing."""

    def __init__(self, stage: MoneyStage) -> None:
        self.stage = stage
        stage.stand.control("delivery", auto=False)
        stage.stand.server.sandbox.state.set("targets", "own,connected,thin")
        self.admins = [stage.add_admin("Nora"), stage.add_admin("Omar")]
        with stage.tools.unit_of_work() as db:
            self.member = add_member(db)
            actors = [add_actor(db, "Imani Okafor"), add_actor(db, "Jonas Weber", cancellation="firm")]
            self.actors = [each.id for each in actors]
            self.owners = [each.account_id or 0 for each in actors]
        for actor_id in self.actors:
            stage.onboard(actor_id)
        self.told: list[str] = []
        self.delivered = 0

    # looking

    def rows(self, model: type[T], *conditions: Any) -> list[T]:
        """Rows of a table."""
        with self.stage.tools.reading() as db:
            return list(db.scalars(select(model).where(*conditions)))

    def tell(self, words: str) -> None:
        """One line of the story of this walk."""
        self.told.append(words)

    def unit(self, words: str, work: Callable[[Session], object]) -> None:
        """One unit of work, done or refused."""
        try:
            with self.stage.tools.unit_of_work() as db:
                work(db)
        except Refused as refused:
            words += f" (refused: {refused.code})"
        self.tell(words)

    def stripe(self, what: str, **body: Any) -> Any:
        """Something happens at Stripe, or Stripe does not let it."""
        answer = self.stage.stand.http.post(f"{self.stage.stand.url}/_sandbox/{what}", json=body, timeout=10)
        self.tell(f"{what} {body}: {answer.status_code}")
        return answer.json()

    # the platform and the actors

    def books(self, chance: Chance) -> None:
        """A platform asks, an actor accepts."""
        living = self.rows(Booking, Booking.state.in_((State.ACCEPTED, State.CONFIRMED, State.DELIVERED)))
        if len(living) >= MOST_BOOKINGS:
            return
        day = (self.stage.now + timedelta(days=chance.pick((2, 3, 8)))).replace(minute=0, second=0, microsecond=0)
        self._asks(day.replace(hour=chance.pick((9, 12, 14))), chance)

    def _asks(self, starts_at: datetime, chance: Chance) -> None:
        actor_id = chance.pick(self.actors)
        self.unit(
            f"actor {actor_id} accepts for {starts_at}",
            lambda db: Story.of(
                db, platform_id=self.member.platform_id, actor_id=actor_id, starts_at=starts_at, now=self.stage.now
            ).accept(),
        )

    def books_far(self, chance: Chance) -> None:
        """A platform asks for a day far ahead: its card is saved, and charged near that day."""
        saved = self.rows(Payment, Payment.charge_at.is_not(None), Payment.charge_id.is_(None))
        if len(saved) < MOST_FAR:
            day = self.stage.now + timedelta(days=chance.pick((66, 75)))
            self._asks(day.replace(hour=15, minute=0, second=0, microsecond=0), chance)

    def card_is_due(self, chance: Chance) -> None:
        """The day of a saved card comes: it is charged, or asks for its owner, or is declined."""
        saved = self.rows(Payment, Payment.state == "card_saved")
        if saved:
            payment = chance.pick(saved)
            self._wait(max((payment.charge_at or self.stage.now) - self.stage.now, timedelta(0)) + timedelta(minutes=1))
            self.tell(f"the card of booking {payment.booking_id} is due")
            self.sweep(charge_due_cards)

    def pays(self, chance: Chance) -> None:
        """The platform fills in a hosted page: the card pays, is saved, or is declined."""
        payable = self.rows(Payment, Payment.checkout_url.is_not(None), Payment.charge_id.is_(None))
        for payment in chance.some(payable)[:2]:
            card = chance.pick((PAYS, PAYS, PAYS_AT_ONCE, DECLINED, ASKS, DECLINES_LATER))
            bank = {"bank": "confirm"} if card == ASKS else {}
            status = self.stage.stand.pay(payment.checkout_url or "", card, **bank).status_code
            self.tell(f"booking {payment.booking_id} is paid with {card}: {status}")

    def works(self, chance: Chance) -> None:
        """A booking's session takes place, its takes are delivered, and accepted or disputed."""
        saved = select(Payment.booking_id).where(Payment.state == "card_saved")
        paid = self.rows(Booking, Booking.state == State.CONFIRMED, Booking.id.not_in(saved))
        if not paid:
            return
        booking = chance.pick(paid)
        self.unit(f"booking {booking.id} is signed", lambda db: self._tale(db, booking.id).sign())
        self._wait(max(booking.starts_at - self.stage.now, timedelta(0)) + timedelta(minutes=1))
        sweep_bookings(self.stage.tools)
        self.unit(f"booking {booking.id} is delivered", lambda db: self._tale(db, booking.id).deliver())
        if chance.upto(3) > 1:
            self.accepts(booking.id)

    def accepts(self, booking_id: int) -> None:
        """The platform selects what it keeps and accepts."""
        by = By(Party.PLATFORM, self.member.account_id)
        with self.stage.tools.unit_of_work() as db:
            db.execute(update(Take).values(selected_at=self.stage.now))
        self.unit(
            f"booking {booking_id} is accepted",
            lambda db: accept_delivery(
                db, booking_id=booking_id, platform_id=self.member.platform_id, by=by, now=self.stage.now
            ),
        )

    def disputes_work(self, chance: Chance) -> None:
        """The platform disputes delivered work, and an admin shares the money out."""
        delivered = self.rows(Booking, Booking.state.in_((State.DELIVERED, State.IN_SESSION, State.DISPUTED)))
        if not delivered:
            return
        booking, bp = chance.pick(delivered), chance.pick((0, 3_333, 5_000, 10_000))
        by, admin = By(Party.PLATFORM, self.member.account_id), By(Party.ADMIN, self.admins[0])
        self.unit(
            f"booking {booking.id} is disputed",
            lambda db: dispute_booking(
                db, booking=get_booking(db, booking.id), by=by, reason=WORDS, now=self.stage.now
            ),
        )
        self.unit(
            f"booking {booking.id} is settled with {bp} of 10000 back",
            lambda db: settle_dispute(
                db, booking_id=booking.id, by=admin, refund_bp=bp, reason=WORDS, now=self.stage.now
            ),
        )

    def calls_off(self, chance: Chance) -> None:
        """Somebody calls a booking off, paid or not."""
        living = self.rows(Booking, Booking.state.in_((State.ACCEPTED, State.CONFIRMED)))
        if not living:
            return
        booking, side = chance.pick(living), chance.pick((Party.PLATFORM, Party.ACTOR))
        self.unit(
            f"booking {booking.id} ({booking.state}) is called off by {side}",
            lambda db: self._off(db, booking.id, side),
        )

    def _off(self, db: Session, booking_id: int, side: Party) -> None:
        booking, tale = get_booking(db, booking_id), self._tale(db, booking_id)
        by = tale.mira if side == Party.PLATFORM else tale.imani
        if booking.state == State.ACCEPTED and side == Party.PLATFORM:
            withdraw_booking(db, booking_id=booking_id, platform_id=booking.platform_id, by=by, now=self.stage.now)
            return
        cancel_booking(db, booking=booking, by=by, reason=WORDS, now=self.stage.now)

    def _tale(self, db: Session, booking_id: int) -> Story:
        return Story.resume(db, get_booking(db, booking_id), self.stage.now)

    # the admins

    def decides(self, chance: Chance) -> None:
        """An admin, or an actor who would like to be one, decides on a payout."""
        all_of_them = self.rows(Payout)
        if not all_of_them:
            return
        payout, who = chance.pick(all_of_them), chance.pick([*self.admins, *self.admins, *self.owners])
        decide = chance.pick(
            [payouts.approve_payout] * 6
            + [payouts.hold_payout, payouts.resume_payout, payouts.reject_payout, payouts.give_back]
            + [payouts.undo_approval] * 2
        )
        limit = chance.pick((200_000, 200_000, 10_000))
        by = Decision(who, WORDS, limit_minor=limit)
        self.unit(
            f"{decide.__name__} {payout.id} ({payout.state}) by {who}, limit {limit}",
            lambda db: decide(db, payout_id=payout.id, by=by, now=self.stage.now),
        )

    def approves(self, chance: Chance) -> None:
        """Everything that can be is approved, and its time to undo passes."""
        for payout in self.rows(Payout, Payout.state.in_((PayoutState.REVIEW, PayoutState.HELD))):
            by = Decision(chance.pick(self.admins), WORDS)
            self.unit(f"approve {payout.id}", partial(self._approve, payout.id, by))
        self._wait(timedelta(minutes=11))
        send_due_payouts(self.stage.tools)

    def _approve(self, payout_id: int, by: Decision, db: Session) -> None:
        payouts.approve_payout(db, payout_id=payout_id, by=by, now=self.stage.now)

    def refunds(self, chance: Chance) -> None:
        """We give back a part of a payment, or all that is left."""
        paid = self.rows(Payment, Payment.charge_id.is_not(None))
        if paid:
            payment, tenths = chance.pick(paid), chance.pick((1, 3, 6, 10))
            self.unit(f"refund {tenths}/10 of booking {payment.booking_id}", partial(self._refund, payment.id, tenths))

    def _refund(self, payment_id: int, tenths: int, db: Session) -> None:
        payment = db.get_one(Payment, payment_id)
        amount = left_to_refund(db, payment) if tenths == 10 else payment.amount_minor * tenths // 10
        refund_booking(db, get_booking(db, payment.booking_id), amount, WORDS, self.stage.now)

    def looks_after_refunds(self, chance: Chance) -> None:
        """An admin tries a refund again that was refused or came back, or says that it is not owed any more."""
        owed = self.rows(Refund, Refund.state.in_(("owed", "refused", "failed")))
        if not owed:
            return
        refund, by, now = chance.pick(owed), Decider(chance.pick(self.admins)), self.stage.now
        ways: list[Callable[[Session], object]] = [
            lambda db: retry_refund(db, refund_id=refund.id, by=by, now=now),
            lambda db: make_again(db, refund_id=refund.id, by=by, now=now),
            lambda db: drop_refund(db, refund_id=refund.id, by=by, words=WORDS, now=now),
            lambda db: note_repaid(db, refund_id=refund.id, by=by, words=WORDS, now=now),
        ]
        does = chance.pick(ways)
        self.unit(f"an admin looks after refund {refund.id} ({refund.state})", does)

    def owes(self, chance: Chance) -> None:
        """An actor's money is at their bank already when a part of it goes back to the platform."""
        for comes_first in (self.works, self.approves):
            if not self.rows(Payout, Payout.state == PayoutState.TRANSFERRED):
                comes_first(chance)
                self.workers_finish()
        sent = self.rows(Payout, Payout.state == PayoutState.TRANSFERRED)
        if sent:
            payout = chance.pick(sent)
            self._wait(timedelta(days=3))
            self._pay_out(*self.rows(ConnectAccount, ConnectAccount.actor_id == payout.actor_id))
            for payment in self.rows(Payment, Payment.booking_id == payout.booking_id):
                self.unit(f"refund 3/10 of booking {payout.booking_id}", partial(self._refund, payment.id, 3))
            self.workers_finish()

    def gives_up(self, chance: Chance) -> None:
        """What an actor owes is given up by two admins, or is not."""
        with self.stage.tools.reading() as db:
            debts = list_debts(db)
        if not debts:
            return
        debt, now = chance.pick(debts), self.stage.now
        first, second = (Decider(each) for each in chance.pick((self.admins, self.admins[::-1])))
        amount = Money(chance.pick((debt.owed_minor, (debt.owed_minor + 1) // 2)), debt.currency)
        self.unit(
            f"giving up {amount} of actor {debt.actor.id} is proposed",
            lambda db: propose_write_off(db, actor_id=debt.actor.id, amount=amount, by=first, words=WORDS, now=now),
        )
        for row in self.rows(WriteOff, WriteOff.state == WriteOffState.PROPOSED):
            after = chance.pick((WriteOffState.MADE, WriteOffState.MADE, WriteOffState.REFUSED))
            self.unit(f"write-off {row.id} is {after}", partial(self._decide, row.id, after, second))

    def _decide(self, write_off_id: int, after: WriteOffState, by: Decider, db: Session) -> None:
        decide_write_off(db, write_off_id=write_off_id, after=after, by=by, words=WORDS, now=self.stage.now)

    # the banks, and people in Stripe's own pages

    def bank_disputes(self, chance: Chance) -> None:
        """The platform's bank takes back what is left of a payment, or a part of it."""
        left = [each for each in self._at_stripe("charge") if each["amount_refunded"] < each["amount_captured"]]
        if left:
            charge = chance.pick(left)
            rest = charge["amount"] - charge["amount_refunded"]
            self.stripe("dispute", charge=charge["id"], amount=chance.pick((rest, rest, (rest + 2) // 3)))

    def bank_decides(self, chance: Chance) -> None:
        """A dispute is won or lost."""
        found = [each for each in self._at_stripe("dispute") if each["status"] not in ("won", "lost")]
        if found:
            self.stripe(f"dispute/{chance.pick(found)['id']}/{chance.pick(('won', 'lost'))}")

    def refund_comes_back(self, chance: Chance) -> None:
        """A refund fails days later."""
        found = [each for each in self._at_stripe("refund") if each["status"] == "succeeded"]
        if found:
            self.stripe(f"refund/{chance.pick(found)['id']}/fail")

    def refunded_by_hand(self, chance: Chance) -> None:
        """Somebody refunds in Stripe's own pages."""
        found = [each for each in self._at_stripe("charge") if each["paid"]]
        if found:
            charge, amount = chance.pick(found), chance.pick((1_000, 5_000, 20_000))
            self.by_hand(f"{amount} of {charge['id']}", lambda: self.stage.stand.refund_by_hand(charge["id"], amount))

    def reversed_by_hand(self, chance: Chance) -> None:
        """Somebody takes a part of a transfer back in Stripe's own pages."""
        found = self._at_stripe("transfer")
        if found:
            order = ReversalOrder(chance.pick(found)["id"], chance.pick((500, 7_000)))
            key = f"by hand {len(self.told)}"
            self.by_hand(f"{order}", lambda: self.stage.stand.gateway.reverse_transfer(order, idempotency_key=key))

    def by_hand(self, words: str, work: Callable[[], object]) -> None:
        """In Stripe's own pages, which have their bad days too."""
        try:
            work()
        except PaymentError as error:
            words += f" ({error})"
        self.tell(f"by hand: {words}")

    def actor_is_paid_out(self, chance: Chance) -> None:
        """Stripe pays an actor's balance to their bank, and the bank may send it back."""
        made = self._pay_out(chance.pick(self.rows(ConnectAccount)))
        if made and chance.upto(3) == 1:
            self.stripe(f"bank-payout/{made['id']}/fail", account=made["account"])

    def _pay_out(self, row: ConnectAccount) -> dict[str, str]:
        account = row.stripe_account_id or ""
        balance = self.stage.stand.server.sandbox.state.balance(account, "usd", available_only=True)
        made = self.stripe("bank-payout", account=account, amount=balance) if balance > 0 else {}
        return {"id": made["id"], "account": account} if "id" in made else {}

    def account_changes(self, chance: Chance) -> None:
        """Stripe restricts an actor's account, or lets it receive again."""
        account = chance.pick(self.rows(ConnectAccount)).stripe_account_id
        self.stripe(f"account/{account}/{chance.pick(('restricted', 'active', 'active'))}")

    def _at_stripe(self, kind: str) -> list[dict[str, Any]]:
        return self.stage.stand.server.sandbox.state.all(kind)

    # machines and time

    def events_arrive(self, chance: Chance) -> None:
        """Some of Stripe's new events arrive, in no order, some of them twice; those that are lost were polled for."""
        events = self._at_stripe("event")
        fresh, self.delivered = events[self.delivered :], len(events)
        for body in [*chance.some(fresh), *chance.some(chance.some(events)[:2])]:
            event = self.stage.stand.event(body)
            with self.stage.tools.unit_of_work() as db:
                store_event(db, event, now=self.stage.now)
        self.tell(f"{len(fresh)} events are sent")

    def workers_work(self, chance: Chance) -> None:
        """Workers take what waits, in no order, some of it twice; what they ask for waits behind it."""
        jobs = list(self.stage.queue)
        self.stage.queue.clear()
        for job, ids in chance.some(jobs):
            self.work_on(job, ids)
        self.tell(f"{len(jobs)} jobs")

    def work_on(self, job: Job, ids: tuple[int | str, ...]) -> None:
        """One job; what fails comes again by a sweep."""
        try:
            TASKS[job.value].function(self.stage.tools, *ids)
        except PaymentError as error:
            self.tell(f"{job} {ids} failed: {error}")

    def messages_are_lost(self, chance: Chance) -> None:
        """The broker forgets everything."""
        self.tell(f"{len(self.stage.queue)} messages are lost")
        self.stage.queue.clear()

    def clock_strikes(self, chance: Chance) -> None:
        """The timetable's rows, in no order, some of them twice."""
        for row in chance.some(TIMETABLE):
            self.sweep(row)

    def sweep(self, row: Callable[[Tools], None]) -> None:
        """One row of the timetable."""
        try:
            row(self.stage.tools)
            self.tell(row.__name__)
        except PaymentError as error:
            self.tell(f"{row.__name__} failed: {error}")

    def waits(self, chance: Chance) -> None:
        """Time passes."""
        self._wait(chance.pick(WAITS))

    def _wait(self, span: timedelta) -> None:
        """Bookings are looked at after every long while, and within weeks the money is, too."""
        for _ in range(span // STRIDE):
            self.stage.later(STRIDE)
            for row in (charge_due_cards, sweep_bookings, reconcile_hourly):
                self.sweep(row)
                self.workers_finish()
        self.stage.later(span % STRIDE)
        self.tell(f"{span} later")
        if span > timedelta(hours=12):
            self.sweep(sweep_bookings)

    def stripe_has_a_bad_moment(self, chance: Chance) -> None:
        """One of the next calls goes wrong."""
        fault = chance.pick(FAULTS)
        self.stripe("fault", path=chance.pick(PATHS), **fault)

    def loses_an_answer(self, chance: Chance) -> None:
        """Stripe does what it is asked and its answer is lost; a little later the same is asked again."""
        path = chance.pick(PATHS[:3])
        self.stripe("fault", path=path, kind="drop_after", times=chance.upto(2))
        (self.approves if "transfers" in path else self.refunds)(chance)
        self.workers_finish()
        self._wait(timedelta(minutes=6))
        self.sweep(sweep_outbox)

    def drain(self) -> None:
        """Everything heals, everything that is due is done, and our books are held against Stripe's once more."""
        self.stage.stand.http.delete(f"{self.stage.stand.url}/_sandbox/fault", timeout=10)
        self.tell("everything heals")
        for _ in range(ROUNDS):
            self._wait(timedelta(minutes=16))
            self.workers_finish()
            for row in TIMETABLE:
                self.sweep(row)
                self.workers_finish()
            if self.is_still():
                break
        reconcile_daily(self.stage.tools)
        self.workers_finish()

    def workers_finish(self) -> None:
        """Nothing waits in the queue any more."""
        while self.stage.queue:
            self.work_on(*self.stage.queue.popleft())

    def is_still(self) -> bool:
        """Whether nothing is on its way."""
        open_commands = self.rows(OutboxCommand, OutboxCommand.state.in_(("pending", "leased", "unknown")))
        return not open_commands and not self.rows(StripeEvent, StripeEvent.processed_at.is_(None))

    def endings(self) -> list[str]:
        """What became of everything, for the count."""
        return [
            *(f"payout {row.state}" for row in self.rows(Payout)),
            *(f"{'saved ' if row.charge_at else ''}payment {row.state}" for row in self.rows(Payment)),
            *(f"refund {row.state}" for row in self.rows(Refund)),
            *(f"write-off {row.state}" for row in self.rows(WriteOff)),
            *(f"command {row.state}" for row in self.rows(OutboxCommand)),
        ]
