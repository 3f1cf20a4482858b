"""Tables: how things are stored. No rules here beyond what a database can check."""

from marketplace.models.account import Account, Role
from marketplace.models.actor import Actor, ActorLanguage
from marketplace.models.audit import Audit
from marketplace.models.availability import BookOut, ExtraHours, WeeklyHours
from marketplace.models.base import Base
from marketplace.models.booking import Booking, BookingEvent, ChangeOrder, Offer, TimeProposal
from marketplace.models.brief import Beat, Brief
from marketplace.models.calendar import BusyTime, CalendarFeed, CalendarSource
from marketplace.models.capture import CaptureSession, Take, TakeNote, Upload
from marketplace.models.clip import Clip, ClipFlavour
from marketplace.models.connect import BankPayout, ConnectAccount
from marketplace.models.document import Document, DocumentSeries
from marketplace.models.flag import Flag
from marketplace.models.grant import Grant
from marketplace.models.job_run import JobRun
from marketplace.models.ledger import Balanced, LedgerAccount, LedgerEntry, Posting
from marketplace.models.message import Message
from marketplace.models.notice import Notice, NoticeSwitch
from marketplace.models.outbox import OutboxCommand
from marketplace.models.pace import Pace
from marketplace.models.payment import Dispute, DisputeEvidence, Payment, PaymentEvent, Refund
from marketplace.models.payout import Payout, PayoutEvent
from marketplace.models.platform import Member, Platform, Shortlisted
from marketplace.models.rate import Rate
from marketplace.models.reconciliation import Mismatch, ReconciliationRun
from marketplace.models.score import Score
from marketplace.models.social import PostSeen, SocialAccount, StatsSnapshot
from marketplace.models.stripe_event import StripeEvent, WebhookRefusal
from marketplace.models.write_off import WriteOff

__all__ = [
    "Account",
    "Actor",
    "ActorLanguage",
    "Audit",
    "Balanced",
    "BankPayout",
    "Base",
    "Beat",
    "BookOut",
    "Booking",
    "BookingEvent",
    "Brief",
    "BusyTime",
    "CalendarFeed",
    "CalendarSource",
    "CaptureSession",
    "ChangeOrder",
    "Clip",
    "ClipFlavour",
    "ConnectAccount",
    "Dispute",
    "DisputeEvidence",
    "Document",
    "DocumentSeries",
    "ExtraHours",
    "Flag",
    "Grant",
    "JobRun",
    "LedgerAccount",
    "LedgerEntry",
    "Member",
    "Message",
    "Mismatch",
    "Notice",
    "NoticeSwitch",
    "Offer",
    "OutboxCommand",
    "Pace",
    "Payment",
    "PaymentEvent",
    "Payout",
    "PayoutEvent",
    "Platform",
    "PostSeen",
    "Posting",
    "Rate",
    "ReconciliationRun",
    "Refund",
    "Role",
    "Score",
    "Shortlisted",
    "SocialAccount",
    "StatsSnapshot",
    "StripeEvent",
    "Take",
    "TakeNote",
    "TimeProposal",
    "Upload",
    "WebhookRefusal",
    "WeeklyHours",
    "WriteOff",
]
