"""One API call: its parameters, the clock, and what handlers need to read, write and announce objects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from marketplace.sandbox.stripe.error import invalid, missing
from marketplace.sandbox.stripe.event import announce, announce_thin
from marketplace.sandbox.stripe.state import Json, State

Handler = Callable[..., Json]


@dataclass(frozen=True)
class Endpoint:
    """A row of the table of calls: verb, path with `<name>` parts, the SDK's type of its parameters, what it does."""

    verb: str
    path: str
    params: type | None
    do: Handler


@dataclass
class Call:
    """What a handler is given. `account` is the connected account acted for, or empty for the platform's own."""

    state: State
    params: Json = field(default_factory=dict)
    account: str = ""
    base: str = ""
    version: str = ""
    key: str | None = None
    request_id: str = ""

    @property
    def now(self) -> int:
        """Seconds since 1970 by the stand-in's clock."""
        return self.state.now

    def get(self, kind: str, ident: str, *, account: str | None = None, param: str = "id") -> Json:
        """The object; refuses with `resource_missing` where there is none."""
        found = self.state.find(kind, ident, self.account if account is None else account)
        if found is None:
            raise missing(kind, ident, param)
        return found

    def announce(self, kind: str, body: Json, account: str = "") -> None:
        """Store a snapshot event and queue its deliveries."""
        announce(
            self.state, kind, body, account=account, version=self.version, request_id=self.request_id, key=self.key
        )

    def announce_thin(self, kind: str, ident: str) -> None:
        """Store a thin event about a v2 account and queue its deliveries."""
        announce_thin(self.state, kind, ident)


def list_of(call: Call, kind: str, url: str, *, account: str | None = None, **equal: Any) -> Json:
    """One page, newest first, in Stripe's list shape; `created`, `limit` and the two cursors are honoured."""
    wanted = {name: value for name, value in equal.items() if value is not None}
    found = call.state.all(kind, call.account if account is None else account, **wanted)[::-1]
    return page_of(call, [each for each in found if within(each, call.params.get("created"))], url)


def page_of(call: Call, found: list[Json], url: str) -> Json:
    """Cut a newest-first list at the cursors and the limit."""
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("This value must be between 1 and 100", code="parameter_invalid_integer", param="limit")
    idents = [each["id"] for each in found]
    start, end = 0, len(found)
    if after := call.params.get("starting_after"):
        start = _position(idents, after, "starting_after") + 1
    if before := call.params.get("ending_before"):
        end = _position(idents, before, "ending_before")
        start = max(start, end - limit)
    page = found[start:end][:limit]
    return {"object": "list", "url": url, "has_more": start + len(page) < end, "data": page}


def _position(idents: list[str], ident: str, param: str) -> int:
    if ident not in idents:
        raise invalid(f"No such object: '{ident}'", code="resource_missing", param=param)
    return idents.index(ident)


def within(body: Json, limits: int | Json | None) -> bool:
    """Whether an object was created inside the bounds of the `created` parameter."""
    if limits is None:
        return True
    if isinstance(limits, int):
        return bool(body["created"] == limits)
    at = body["created"]
    return bool(
        at >= limits.get("gte", at)
        and at > limits.get("gt", at - 1)
        and at <= limits.get("lte", at)
        and at < limits.get("lt", at + 1)
    )


def expand(state: State, body: Any, path: str) -> None:
    """Put the object in place of its identifier, along a dotted path; walks into lists."""
    name, _, rest = path.partition(".")
    if not isinstance(body, dict) or name not in body:
        raise invalid(f"This property cannot be expanded ({name}).", param="expand")
    value = body[name]
    if isinstance(value, list):
        for index, each in enumerate(value):
            value[index] = _expanded(state, each, rest)
    elif value is not None:
        body[name] = _expanded(state, value, rest)


def _expanded(state: State, value: Any, rest: str) -> Any:
    if isinstance(value, str):
        value = state.find_any(value) or value
    if rest and isinstance(value, dict):
        expand(state, value, rest)
    return value
