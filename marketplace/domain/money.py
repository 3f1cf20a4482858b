"""Money: a whole number of minor units in one ISO 4217 currency, and the only arithmetic allowed on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from marketplace.domain.errors import Invalid, Refused

Rounding = Literal["half_up", "down", "up"]

WHOLE_BP: Final = 10_000
"""One whole in basis points."""

# Exceptions to the usual two decimals, from the ISO 4217 table of minor units. Stripe treats ISK and UGX as
# zero-decimal by name but wants two decimals in amounts, so they are not offered at all.
_DECIMALS: Final[dict[str, int]] = {
    **dict.fromkeys(("CLP", "JPY", "KRW", "PYG", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}

OFFERED: Final = frozenset(_DECIMALS) | frozenset(
    (
        "AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CNY", "COP", "CRC", "CZK", "DKK", "DOP", "EGP", "EUR", "GBP",
        "GEL", "GTQ", "HKD", "IDR", "ILS", "INR", "KES", "KZT", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN",
        "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "SAR", "SEK", "SGD", "THB", "TRY", "TZS", "UAH", "USD", "UYU",
        "ZAR",
    )
)  # fmt: skip
"""Currencies the marketplace can reckon in: those whose decimals are the same in ISO 4217 and at Stripe, and known."""

# A comma groups thousands or is refused: "12,50" would be read as 1250 on one side of an ocean and 12.50 on the other.
_TYPED: Final = re.compile(r"-?([0-9]{1,3}(,[0-9]{3}){1,3}|[0-9]{1,12})(\.[0-9]{1,6})?")


class CurrencyMismatch(Refused):
    """Two amounts of different currencies met: no exchange rate is ever assumed."""


def decimals(currency: str) -> int:
    """How many digits follow the decimal point in amounts of `currency`: 0, 2 or 3."""
    return _DECIMALS.get(currency, 2)


def charge_step(currency: str) -> int:
    """The minor units that every charged amount is a multiple of: Stripe takes three-decimal currencies in tens."""
    return 10 if decimals(currency) == 3 else 1


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents, yen, fils) of `currency`, an upper-case ISO 4217 code. May be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse floats and strings at the door: an amount is never nearly right."""
        if type(self.minor) is not int:
            raise TypeError(f"an amount in minor units is an int, not {type(self.minor).__name__}")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise ValueError(f"{self.currency!r} is not an ISO 4217 code")

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read what a person typed ("1,250.50", "900") in major units; refuses digits the currency does not have."""
        plain = text.replace(" ", "")
        if not _TYPED.fullmatch(plain):
            raise Invalid(f"“{text.strip()}” is not an amount of money.", code="amount_unreadable")
        major = Decimal(plain.replace(",", ""))
        scaled = major.scaleb(decimals(currency))
        if scaled != scaled.to_integral_value():
            raise Invalid(f"{currency} amounts have {_digits(currency)}.", code="amount_too_fine")
        return cls(int(scaled), currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units (dollars, yen, dinars), exactly."""
        return Decimal(self.minor).scaleb(-decimals(self.currency))

    def __str__(self) -> str:
        """Plain digits and the code, for logs and errors; pages format by the reader's locale."""
        return f"{self.major:.{decimals(self.currency)}f} {self.currency}"

    def __add__(self, other: Money) -> Money:
        """The sum; refuses another currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference; refuses another currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """The same amount the other way."""
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        """A whole multiple. For parts of an amount use `share` or `split`, which say how they round."""
        if type(times) is not int:
            raise TypeError("money is multiplied by whole numbers only")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        """Whether this is less; refuses another currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Whether this is no more; refuses another currency."""
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Whether this is more; refuses another currency."""
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Whether this is no less; refuses another currency."""
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        """False for zero."""
        return self.minor != 0

    def share(self, bp: int, rounding: Rounding = "half_up") -> Money:
        """`bp` basis points of the amount, rounded to a minor unit: half away from zero unless told otherwise."""
        return Money(ratio(self.minor, bp, WHOLE_BP, rounding), self.currency)

    def per(self, part: int, whole: int, rounding: Rounding = "half_up") -> Money:
        """`part`/`whole` of the amount (90 of 60 minutes, say), rounded once."""
        return Money(ratio(self.minor, part, whole, rounding), self.currency)

    def chargeable(self, rounding: Rounding = "half_up") -> Money:
        """The nearest amount that can be charged, refunded and transferred (see `charge_step`)."""
        step = charge_step(self.currency)
        return Money(ratio(self.minor, 1, step, rounding) * step, self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Parts in proportion to `weights` that sum to exactly this amount.

        Largest remainder: each part is rounded towards zero, then the units left over go one by one to the parts
        that lost most, the earlier first when they lost the same. Parts of what can be charged can be, too (see
        `charge_step`). Refuses negative or all-zero weights.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights are not negative and not all zero")
        step = charge_step(self.currency)
        unit = 1 if self.minor % step else step
        sign, amount = (-1 if self.minor < 0 else 1), abs(self.minor) // unit
        floors = [amount * weight // total for weight in weights]
        by_loss = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
        for i in by_loss[: amount - sum(floors)]:
            floors[i] += 1
        return [Money(sign * part * unit, self.currency) for part in floors]

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self.currency} and {other.currency} cannot be mixed. Nothing was changed.", code="currency_mismatch"
            )
        return other.minor


def zero(currency: str) -> Money:
    """Nothing, in `currency`."""
    return Money(0, currency)


def total(parts: Sequence[Money], currency: str) -> Money:
    """The sum of `parts`, which may be none; refuses any that is not in `currency`."""
    return sum(parts, start=zero(currency))


def ratio(amount: int, part: int, whole: int, rounding: Rounding) -> int:
    """`amount` x `part` / `whole` in integers. "down" is towards zero, "up" away from it, "half_up" to the nearest."""
    if whole <= 0:
        raise ValueError("the whole is positive")
    product = amount * part
    sign, size = (-1 if product < 0 else 1), abs(product)
    extra = {"down": 0, "up": whole - 1, "half_up": whole // 2}[rounding]
    # whole // 2 is right for odd wholes too: no remainder is then exactly a half.
    return sign * ((size + extra) // whole)


def _digits(currency: str) -> str:
    places = decimals(currency)
    return f"{places} decimals" if places else "no decimals"
