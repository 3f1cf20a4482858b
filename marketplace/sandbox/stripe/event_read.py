"""Events read back: the list with its filter for undelivered ones, and single events."""

from marketplace.sandbox.stripe.call import Call, page_of, within
from marketplace.sandbox.stripe.error import invalid
from marketplace.sandbox.stripe.event import pending
from marketplace.sandbox.stripe.state import Json

KEPT_S = 30 * 24 * 3600


def list_events(call: Call) -> Json:
    """Snapshot events of the last 30 days, newest first, filtered by type and by whether they were delivered."""
    if call.params.get("type") and call.params.get("types"):
        raise invalid("You may only specify one of these parameters: type, types.")
    recent = call.now - KEPT_S
    found = [each for each in call.state.all("event")[::-1] if each["created"] > recent]
    page = page_of(call, [each for each in found if _wanted(call, each)], "/v1/events")
    page["data"] = [_shown(call, each) for each in page["data"]]
    return page


def _wanted(call: Call, event: Json) -> bool:
    if event.get("account", "") != call.account:
        return False
    if not within(event, call.params.get("created")):
        return False
    delivered = call.params.get("delivery_success")
    if delivered is not None and (pending(call.state, event["id"]) == 0) != delivered:
        return False
    types = call.params.get("types") or ([call.params["type"]] if call.params.get("type") else [])
    return not types or any(_matches(event["type"], each) for each in types)


def _matches(kind: str, pattern: str) -> bool:
    return kind == pattern or (pattern.endswith("*") and kind.startswith(pattern[:-1]))


def _shown(call: Call, event: Json) -> Json:
    return {**event, "pending_webhooks": pending(call.state, event["id"])}


def get_event(call: Call, ident: str) -> Json:
    """One snapshot event."""
    return _shown(call, call.get("event", ident, account=""))


def list_thin_events(call: Call) -> Json:
    """Thin events of one account, newest first, in one page."""
    found = call.state.all("v2.core.event")[::-1]
    about = call.params.get("object_id")
    kept = [each for each in found if about in (None, each["related_object"]["id"])]
    return {"data": kept[: call.params.get("limit", 20)], "next_page_url": None, "previous_page_url": None}


def get_thin_event(call: Call, ident: str) -> Json:
    """One thin event."""
    return call.get("v2.core.event", ident)
