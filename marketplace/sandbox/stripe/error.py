"""Refusals in Stripe's error shape."""

from typing import Any


class StripeRefusal(Exception):
    """An answer other than 200, with the fields Stripe puts under `error`."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.more = more

    @property
    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        error: dict[str, Any] = {"type": self.kind, "message": str(self), **self.more}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = "https://docs.stripe.com/error-codes/" + self.code.replace("_", "-")
        if self.param:
            error["param"] = self.param
        return {"error": error}


def missing(kind: str, ident: str, param: str = "id") -> StripeRefusal:
    """No such object."""
    return StripeRefusal(
        404, "invalid_request_error", f"No such {kind}: '{ident}'", code="resource_missing", param=param
    )


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> StripeRefusal:
    """A 400 with its own meaning."""
    return StripeRefusal(400, "invalid_request_error", message, code=code, param=param)


def card_error(message: str, code: str, **more: Any) -> StripeRefusal:
    """A 402: the bank said no."""
    return StripeRefusal(402, "card_error", message, code=code, **more)
