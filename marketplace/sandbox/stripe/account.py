"""Connected accounts: Accounts v2 recipients, their onboarding links, and the v1 view of the same account."""

from datetime import datetime

from marketplace.sandbox.stripe.call import Call
from marketplace.sandbox.stripe.error import StripeRefusal, invalid
from marketplace.sandbox.stripe.event import rfc3339
from marketplace.sandbox.stripe.state import Json, new_id

LINK_LIVES_S = 300
PARTS = {
    "configuration.recipient": "configuration",
    "configuration.customer": "configuration",
    "configuration.merchant": "configuration",
    "identity": "identity",
    "defaults": "defaults",
    "requirements": "requirements",
    "future_requirements": "future_requirements",
}
NEEDED = ("identity.individual.legal_name", "identity.attestations.terms_of_service", "external_account")


def create_account(call: Call) -> Json:
    """A v2 account with the asked configurations; it can receive nothing until it has been onboarded."""
    params = call.params
    recipient = (params.get("configuration") or {}).get("recipient")
    if recipient and not (params.get("identity") or {}).get("country"):
        raise invalid("identity.country is required for the recipient configuration.", param="identity.country")
    account: Json = {
        "id": new_id("acct_1", 15),
        "object": "v2.core.account",
        "applied_configurations": [name for name in ("customer", "merchant", "recipient") if _asked(params, name)],
        "closed": False,
        "configuration": {"customer": None, "merchant": None, "recipient": _recipient(recipient)},
        "contact_email": params.get("contact_email"),
        "contact_phone": params.get("contact_phone"),
        "created": rfc3339(call.now),
        "dashboard": params.get("dashboard"),
        "defaults": _defaults(params.get("defaults") or {}),
        "display_name": params.get("display_name"),
        "future_requirements": {"entries": [], "summary": None},
        "identity": params.get("identity"),
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "requirements": _requirements(bool(recipient)),
    }
    call.state.add("v2.core.account", account)
    call.announce_thin("v2.core.account.created", account["id"])
    return shown(account, params.get("include"))


def _asked(params: Json, name: str) -> bool:
    return name in (params.get("configuration") or {})


def _recipient(asked: Json | None) -> Json | None:
    if asked is None:
        return None
    balance = ((asked.get("capabilities") or {}).get("stripe_balance") or {}).get("stripe_transfers") or {}
    wanted = bool(balance.get("requested"))
    return {
        "applied": True,
        "capabilities": {
            "bank_accounts": None,
            "cards": None,
            "stripe_balance": {
                "payouts": _capability(wanted),
                "stripe_transfers": _capability(wanted),
            },
        },
        "default_outbound_destination": None,
    }


def _capability(requested: bool) -> Json | None:
    if not requested:
        return None
    return {
        "status": "restricted",
        "status_details": [{"code": "requirements_past_due", "resolution": "provide_info"}],
    }


def _defaults(asked: Json) -> Json:
    return {
        "currency": asked.get("currency", "usd"),
        "locales": None,
        "profile": asked.get("profile"),
        "responsibilities": {
            "fees_collector": None,
            "losses_collector": None,
            "requirements_collector": "stripe",
            **(asked.get("responsibilities") or {}),
        },
    }


def _requirements(open_ones: bool) -> Json:
    entries = [_requirement(name) for name in NEEDED] if open_ones else []
    summary = {"minimum_deadline": {"status": "currently_due", "time": None}} if entries else None
    return {"entries": entries, "summary": summary}


def _requirement(name: str) -> Json:
    return {
        "awaiting_action_from": "user",
        "description": name,
        "errors": [],
        "impact": {"restricts_capabilities": []},
        "minimum_deadline": {"status": "currently_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }


def get_account(call: Call, ident: str) -> Json:
    """A v2 account; parts that were not asked for by `include` are null, as at Stripe."""
    account = call.get("v2.core.account", ident)
    require_access(call, ident)
    return shown(account, call.params.get("include"))


def require_access(call: Call, ident: str) -> None:
    """Refuses to act for an account that is not there, or has taken our access away."""
    if call.state.find("v2.core.account", ident) is None or has_left(call, ident):
        raise StripeRefusal(
            403,
            "invalid_request_error",
            f"The provided key does not have access to account '{ident}' (or that account does not exist)."
            " Application access may have been revoked.",
            code="account_invalid",
        )


def has_left(call: Call, ident: str) -> bool:
    """Whether an account has taken our access away."""
    return ident in call.state.setting("deauthorized").split(",")


def deauthorize(call: Call, ident: str) -> Json:
    """The account takes our access away, and its application announces it."""
    call.get("v2.core.account", ident)
    call.state.set("deauthorized", ",".join(filter(None, [call.state.setting("deauthorized"), ident])))
    call.announce("account.application.deauthorized", {"id": "ca_sandbox", "object": "application"}, account=ident)
    return {"deauthorized": ident}


def change_bank(call: Call, ident: str, verb: str) -> Json:
    """The bank account behind the account is `created`, `updated` or `deleted`."""
    call.get("v2.core.account", ident)
    bank: Json = {
        "id": new_id("ba_1"),
        "object": "bank_account",
        "account": ident,
        "bank_name": "STRIPE TEST BANK",
        "country": "US",
        "currency": "usd",
        "default_for_currency": True,
        "last4": "6789",
        "metadata": {},
        "status": "new",
    }
    call.announce(f"account.external_account.{verb}", bank, account=ident)
    return bank


def create_login_link(call: Call, ident: str) -> Json:
    """The account's own pages, signed in; there are none before it has been onboarded."""
    account = call.get("v2.core.account", ident, account="", param="account")
    if account["requirements"]["entries"]:
        raise invalid("Cannot create a login link for an account that has not completed onboarding.")
    return {"object": "login_link", "created": call.now, "url": f"{call.base}/express/{ident}/{new_id('lael_')}"}


def shown(account: Json, include: list[str] | None) -> Json:
    """The account with only the asked parts."""
    kept = {PARTS[name] for name in include or []}
    return {name: None if name in PARTS.values() and name not in kept else value for name, value in account.items()}


def update_account(call: Call, ident: str) -> Json:
    """Change contact data or metadata of a v2 account."""
    account = call.get("v2.core.account", ident)
    for name in ("contact_email", "contact_phone", "display_name", "dashboard"):
        if name in call.params:
            account[name] = call.params[name]
    account["metadata"] = {**account["metadata"], **(call.params.get("metadata") or {})}
    call.state.save(account)
    return shown(account, call.params.get("include"))


def close_account(call: Call, ident: str) -> Json:
    """Close a v2 account: it receives nothing any more."""
    account = set_standing(call, ident, "closed")
    return shown(account, None)


def list_accounts(call: Call) -> Json:
    """All v2 accounts in one page, newest first."""
    found = call.state.all("v2.core.account")[::-1][: call.params.get("limit", 20)]
    return {"data": [shown(each, None) for each in found], "next_page_url": None, "previous_page_url": None}


def create_account_link(call: Call) -> Json:
    """A link that opens the onboarding page once, within minutes."""
    account = call.get("v2.core.account", call.params["account"], param="account")
    use = call.params["use_case"]
    if not use.get(use["type"]):
        raise invalid(f"use_case.{use['type']} is required.", param=f"use_case.{use['type']}")
    token = new_id("alu_")
    link: Json = {
        "id": token,
        "account": account["id"],
        "expires": call.now + LINK_LIVES_S,
        "used": False,
        "return_url": use[use["type"]].get("return_url"),
        "refresh_url": use[use["type"]]["refresh_url"],
    }
    call.state.add("account_link", link)
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": rfc3339(call.now),
        "expires_at": rfc3339(link["expires"]),
        "livemode": False,
        "url": f"{call.base}/setup/e/{account['id']}/{token}",
        "use_case": use,
    }


def set_standing(call: Call, ident: str, standing: str) -> Json:
    """Make an account `active`, `restricted` or `closed`, and announce what changed."""
    account = call.get("v2.core.account", ident)
    account["closed"] = standing == "closed"
    account["requirements"] = _requirements(standing == "restricted")
    recipient = account["configuration"]["recipient"]
    if recipient:
        for capability in filter(None, recipient["capabilities"]["stripe_balance"].values()):
            capability.update(_status(standing))
    call.state.save(account)
    if standing == "closed":
        call.announce_thin("v2.core.account.closed", ident)
        return account
    call.announce_thin("v2.core.account[requirements].updated", ident)
    call.announce_thin("v2.core.account[configuration.recipient].capability_status_updated", ident)
    call.announce("account.updated", as_v1(account), account=ident)
    return account


def _status(standing: str) -> Json:
    if standing == "active":
        return {"status": "active", "status_details": []}
    code = "restricted_other" if standing == "closed" else "requirements_past_due"
    return {"status": "restricted", "status_details": [{"code": code, "resolution": "provide_info"}]}


def may_receive(account: Json) -> bool:
    """Whether a transfer to the account is allowed."""
    recipient = account["configuration"]["recipient"]
    capability = recipient and recipient["capabilities"]["stripe_balance"]["stripe_transfers"]
    return bool(capability and capability["status"] == "active" and not account["closed"])


def require_receiver(call: Call, ident: str) -> Json:
    """The destination of a transfer; refuses one that cannot receive."""
    account = call.state.find("v2.core.account", ident)
    if account is None or account["closed"] or has_left(call, ident):
        raise StripeRefusal(
            400,
            "invalid_request_error",
            f"No such destination: '{ident}'",
            code="resource_missing",
            param="destination",
        )
    if not may_receive(account):
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities enabled:"
            " transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return account


def get_v1_account(call: Call, ident: str) -> Json:
    """The v1 view of an account."""
    return as_v1(call.get("v2.core.account", ident, account="", param="account"))


def as_v1(account: Json) -> Json:
    """A v2 account in the words of v1."""
    active = may_receive(account)
    due = [entry["description"] for entry in account["requirements"]["entries"]]
    identity = account.get("identity") or {}
    return {
        "id": account["id"],
        "object": "account",
        "business_type": identity.get("entity_type"),
        "capabilities": {"transfers": "active" if active else "inactive"},
        "charges_enabled": False,
        "controller": {"type": "application"},
        "country": str(identity.get("country") or "us").upper(),
        "created": int(datetime.fromisoformat(account["created"]).timestamp()),
        "default_currency": (account["defaults"] or {}).get("currency", "usd"),
        "details_submitted": not due,
        "email": account["contact_email"],
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{account['id']}/external_accounts",
        },
        "metadata": account["metadata"],
        "payouts_enabled": active,
        "requirements": {
            "alternatives": [],
            "current_deadline": None,
            "currently_due": due,
            "disabled_reason": "requirements.past_due" if due else None,
            "errors": [],
            "eventually_due": due,
            "past_due": due,
            "pending_verification": [],
        },
        "type": "express",
    }
