"""The audit trail: who changed what, when and why."""

from __future__ import annotations

from flask import render_template, request

from marketplace.services import account_list
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import page_number
from marketplace.web.audit_words import tell
from marketplace.web.guard import admin
from marketplace.web.transaction import reading
from marketplace.web.typed import whole_number


@blueprint.get("/audit")
@admin
def audit() -> str:
    """A page of the trail, of everything or of what is asked for."""
    db, page = reading(), page_number()
    nouns = account_list.audited_nouns(db)
    about = request.args.get("about", "")
    given_id, who = request.args.get("id", "").strip(), request.args.get("who", "")[:100]
    known = about if about in nouns else ""
    about_id = whole_number(given_id)
    rows, more = account_list.list_audit(db, about=known, about_id=about_id, who=who, page=page)
    return render_template(
        "admin/audit.html",
        tell=tell,
        rows=rows,
        more=more,
        page=page,
        nouns=nouns,
        about=known,
        about_id=about_id,
        who=who,
    )
