"""Flask-Security set up for this product: what it is told, and what happens when somebody has signed up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, abort, request, session
from flask_security import RoleMixin, Security, UserMixin, user_authenticated, user_registered
from flask_security.datastore import SQLAlchemyUserDatastore

from marketplace.config import Settings
from marketplace.models import Account, Role
from marketplace.services.account import join_as_actor, join_as_platform
from marketplace.web.address import own_path
from marketplace.web.auth.form import SignUpForm, known_zone
from marketplace.web.auth.mail import AfterCommitMail
from marketplace.web.auth.notice_switch import SECRET as SWITCH_SECRET
from marketplace.web.transaction import RequestSession, now, reading
from marketplace.web.viewer import ZONE_COOKIE

PASSWORD_LENGTH = 10
# what a sign-in itself puts into the session
OF_THE_SIGN_IN = frozenset(
    {"_user_id", "_fresh", "_id", "_permanent", "_remember", "_remember_seconds", "_flashes", "fs_cc", "fs_paa"}
)
SIGN_IN_LASTS = timedelta(days=14)

# our models are plain so that workers never load Flask; here they get the bases that Flask-Security asks of them
if not issubclass(Account, UserMixin):
    Account.__bases__ = (*Account.__bases__, UserMixin)
    Role.__bases__ = (*Role.__bases__, RoleMixin)


def configuration(settings: Settings) -> dict[str, Any]:
    """Flask's and Flask-Security's settings."""
    over_tls = settings.public_url.startswith("https://")
    return {
        "SECRET_KEY": settings.secret("session"),
        SWITCH_SECRET: settings.secret("notice-switch"),
        "SESSION_COOKIE_NAME": "__Host-session" if over_tls else "session",
        "SESSION_COOKIE_SECURE": over_tls,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": over_tls,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_DURATION": SIGN_IN_LASTS,
        "PERMANENT_SESSION_LIFETIME": SIGN_IN_LASTS,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a brief may take an afternoon
        "SECURITY_PASSWORD_SALT": _password_salt(settings),
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_PASSWORD_LENGTH_MIN": PASSWORD_LENGTH,
        "SECURITY_PASSWORD_CONFIRM_REQUIRED": False,
        "SECURITY_DATETIME_FACTORY": lambda: datetime.now(UTC),
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_USE_REGISTER_V2": True,
        "SECURITY_REGISTERABLE": True,
        "SECURITY_CONFIRMABLE": True,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_CHANGEABLE": True,
        "SECURITY_TRACKABLE": True,
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_ALWAYS_VALIDATE": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_TOTP_SECRETS": {"1": settings.secret("totp")},
        "SECURITY_TOTP_ISSUER": "Marquee",
        "SECURITY_REGISTER_URL": "/join",
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_RESET_URL": "/password/forgotten",
        "SECURITY_CHANGE_URL": "/password/change",
        "SECURITY_CONFIRM_URL": "/confirm",
        "SECURITY_TWO_FACTOR_SETUP_URL": "/two-factor",
        "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/two-factor/code",
        "SECURITY_TWO_FACTOR_RESCUE_URL": "/two-factor/help",
        "SECURITY_TWO_FACTOR_SELECT_URL": "/two-factor/select",
        "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/two-factor/recovery",
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL": "/two-factor/recovery-codes",
        "SECURITY_POST_REGISTER_VIEW": "/sign-in",
        "SECURITY_POST_LOGIN_VIEW": "auth.home",
        "SECURITY_POST_CONFIRM_VIEW": "/sign-in",
        "SECURITY_EMAIL_SENDER": settings.mail_from,
        # whether an address takes mail is proved by the confirmation, not by a look-up that makes the form wait
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "SECURITY_EMAIL_SUBJECT_REGISTER": "Confirm your address for Marquee",
        "SECURITY_EMAIL_SUBJECT_CONFIRM": "Confirm your address for Marquee",
        "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": "Set a new Marquee password",
        **TEMPLATES,
        **{f"SECURITY_MSG_{name}": words for name, words in MESSAGES.items()},
    }


MESSAGES = {
    "CONFIRM_REGISTRATION": ("We have mailed a link to %(email)s. Open it to confirm your address.", "success"),
    "CONFIRMATION_REQUEST": ("If %(email)s waits to be confirmed, we have mailed it a new link.", "info"),
    "PASSWORD_RESET_REQUEST": ("If %(email)s has an account, we have mailed it a link for a new password.", "info"),
    "EMAIL_CONFIRMED": ("Your address is confirmed. Sign in to go on.", "success"),
    "CONFIRMATION_REQUIRED": ("Confirm your address first: open the link we mailed you.", "error"),
    "GENERIC_AUTHN_FAILED": ("Address and password do not match. You are not signed in.", "error"),
    "PASSWORD_RESET": ("Your new password is set. Sign in with it.", "success"),
    "INVALID_RESET_PASSWORD_TOKEN": ("This link was used before or is not whole. Ask for a new one.", "error"),
    "INVALID_CONFIRMATION_TOKEN": ("This link is not whole. Ask for a new one.", "error"),
}
TEMPLATES = {
    "SECURITY_LOGIN_USER_TEMPLATE": "auth/sign_in.html",
    "SECURITY_REGISTER_USER_TEMPLATE": "auth/join.html",
    "SECURITY_FORGOT_PASSWORD_TEMPLATE": "auth/password_forgotten.html",
    "SECURITY_RESET_PASSWORD_TEMPLATE": "auth/password_reset.html",
    "SECURITY_CHANGE_PASSWORD_TEMPLATE": "auth/password_change.html",
    "SECURITY_SEND_CONFIRMATION_TEMPLATE": "auth/confirmation.html",
    "SECURITY_VERIFY_TEMPLATE": "auth/verify.html",
    "SECURITY_TWO_FACTOR_SETUP_TEMPLATE": "auth/two_factor.html",
    "SECURITY_TWO_FACTOR_VERIFY_CODE_TEMPLATE": "auth/two_factor_code.html",
    "SECURITY_MULTI_FACTOR_RECOVERY_TEMPLATE": "auth/recovery.html",
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES_TEMPLATE": "auth/recovery_codes.html",
}


def install(app: Flask, settings: Settings) -> None:
    """Add signing up and in to the app."""
    app.config.update(configuration(settings))
    datastore = SQLAlchemyUserDatastore(RequestSession(), Account, Role)  # type: ignore[arg-type]  # all it uses is .session
    Security(app, datastore, register_form=SignUpForm, mail_util_cls=AfterCommitMail)
    user_registered.connect(_joined, app)
    user_authenticated.connect(_begin_afresh, app)
    app.before_request(_keep_on_site)


def _keep_on_site() -> None:
    """Refuse to sign anyone in on their way to another site: what is read as ours here, a browser may not."""
    if str(request.endpoint).startswith("security."):
        given = request.values.getlist("next")
        if any(path and own_path(path) is None for path in given):
            abort(400)


def _begin_afresh(_app: Flask, **_: Any) -> None:
    """Whoever signs in takes nothing over from the browser's visit before: not what somebody else may have planted."""
    for name in [name for name in session if name not in OF_THE_SIGN_IN and not name.startswith(("tf_", "identity."))]:
        session.pop(name)


def _joined(_app: Flask, user: Account, form_data: dict[str, Any], **_: Any) -> None:
    """Give a new account its platform or its actor's page, in the transaction that makes it."""
    db = reading()
    user.zone = known_zone(_request_zone())
    if form_data["joins_as"] == "actor":
        join_as_actor(db, account=user, born_on=form_data["born_on"], now=now())
    else:
        join_as_platform(db, account=user, platform_name=form_data["platform_name"], now=now())


def _request_zone() -> str:
    return request.cookies.get(ZONE_COOKIE, "")


def _password_salt(settings: Settings) -> str:
    return settings.password_salt.get_secret_value() if settings.password_salt else settings.secret("password-salt")
