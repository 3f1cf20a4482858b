"""From a calendar's address to busy times, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from marketplace.domain.availability import Interval
from marketplace.gateways.calendar.busy import busy_times
from marketplace.gateways.calendar.feed import FeedEntry, write_feed
from marketplace.gateways.calendar.source import check_address, fetch_calendar
from marketplace.gateways.web_fetch import AddressRefused, FetchFailed, Limits, WebFetch
from tests.gateways.far_server import FarServer, packed

STARTS_AT, ENDS_AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC)
WINDOW = Interval(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
ENTRY = FeedEntry("1@far.example", 0, STARTS_AT, ENDS_AT, "Europe/Berlin", "Shoot", "", "", False, STARTS_AT)


@pytest.fixture
def far() -> Iterator[FarServer]:
    server = FarServer({"/secret.ics": packed(write_feed([ENTRY], name="Far", now=STARTS_AT))})
    yield server
    server.close()


def web(far: FarServer) -> WebFetch:
    return WebFetch(
        Limits(seconds=5, ports=frozenset({far.port})),
        lambda host, port: ["127.0.0.1"],
        lambda address: address == ip_address("127.0.0.1"),
    )


def test_a_calendar_at_an_address_becomes_busy_times(far: FarServer) -> None:
    data = fetch_calendar(web(far), f"http://far.example:{far.port}/secret.ics")
    assert busy_times(data, "Europe/Berlin", WINDOW) == [Interval(STARTS_AT, ENDS_AT)]


@pytest.mark.parametrize("scheme", ["webcal", "WEBCAL", "webcals", "https"])
def test_webcal_means_https(far: FarServer, scheme: str) -> None:
    with pytest.raises(FetchFailed) as failure:  # the server speaks no TLS
        fetch_calendar(web(far), f" {scheme}://far.example:{far.port}/secret.ics")
    assert failure.value.code == "certificate"
    assert far.asked == []


def test_webcal_opens_no_door_to_the_inside() -> None:
    with pytest.raises(AddressRefused):
        fetch_calendar(WebFetch(), "webcal://127.0.0.1/secret.ics")


@pytest.mark.parametrize(
    "address",
    ["", "calendar", "ftp://far.example/a.ics", "https://x:y@far.example/", "http://127.0.0.1/a", "http://[::1]/a",
     "http://[::ffff:127.0.0.1]/a", "http://[64:ff9b::7f00:1]/a", "http://169.254.169.254/", "http://2130706433/",
     "webcal://10.0.0.1/a.ics", "http://0x7f.1/", "http://localhost/a", "http://far.example:8080/"],
)  # fmt: skip
def test_much_can_be_refused_by_the_address_alone(address: str) -> None:
    with pytest.raises(AddressRefused, match="Nothing was fetched"):
        check_address(WebFetch(resolve=_nobody), address)


@pytest.mark.parametrize("address", ["webcal://far.example/a.ics", "https://far.example/a?b=c", "http://8.8.8.8/a"])
def test_an_address_that_may_be_good_is_not_asked_yet(address: str) -> None:
    check_address(WebFetch(resolve=_nobody), address)


def _nobody(host: str, port: int) -> list[str]:
    raise AssertionError("nobody is asked")
