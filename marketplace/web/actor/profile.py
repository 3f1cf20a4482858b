"""An actor's profile and portrait."""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO, Final, cast

from babel import Locale
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from wtforms import FileField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from marketplace.domain.boundary import MOST_INTENSE, TOPICS, Limit, Limits
from marketplace.domain.errors import Invalid, Refused
from marketplace.gateways.media.picture import portrait as make_portrait
from marketplace.models import Actor
from marketplace.services import actor as actors
from marketplace.services.actor import Credit, Language, Profile
from marketplace.services.boundary import get_limits, save_limits
from marketplace.web.actor import blueprint
from marketplace.web.form import Form, render_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import storage
from marketplace.web.transaction import now, reading, unit_of_work

ENGLISH: Final = Locale.parse("en")
# two letters only: Stripe and ISO 3166 know no others
TERRITORIES: Final = {code: name for code, name in ENGLISH.territories.items() if len(code) == 2 and code.isalpha()}
COUNTRIES: Final = [("", "Choose a country"), *sorted(TERRITORIES.items(), key=lambda pair: pair[1])]
SAID: Final = [("", "Open"), *((limit.value, limit.label) for limit in Limit)]
TOPIC_FIELDS: Final = {f"topic_{topic.slug}": topic for topic in TOPICS.topics}
LANGUAGE_CODES: Final = {name.lower(): code for code, name in ENGLISH.languages.items() if len(code) in (2, 3)}


class FiguresField(IntegerField):
    """A whole number; what else is typed is refused in words and kept."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read figures only, not the signs and digits of other scripts that Python would take."""
        if not valuelist:
            return  # a form without the field leaves it as it was
        typed = valuelist[0].strip()
        self.data = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 4 else None
        if typed and self.data is None:
            raise ValueError(f"“{typed[:20]}” is not a number. Write it in figures, like 35.")


class ProfileForm(Form):
    """What platforms read, and the portrait. Lists are one entry a line."""

    name = StringField("Name", [DataRequired("Enter your name as platforms should read it"), Length(max=120)])
    headline = StringField("In one line", [Length(max=160, message="160 characters at most")])
    bio = TextAreaField("About you", [Length(max=4000, message="4,000 characters at most")])
    city = StringField("City", [Length(max=80)])
    country = SelectField("Country", choices=COUNTRIES)
    playing_age_from = FiguresField("Plays from", [Optional(), NumberRange(18, 99, "From 18 to 99")])
    playing_age_to = FiguresField("Plays to", [Optional(), NumberRange(18, 99, "From 18 to 99")])
    union_status = StringField("Union", [Length(max=24, message="24 characters at most")])
    languages = TextAreaField("Languages")
    skills = TextAreaField("Skills")
    credits = TextAreaField("Credits")
    boundaries = TextAreaField("Anything else you will not perform")
    file = FileField("Another picture")
    most_intense = FiguresField(
        "Loud beats in one session", [NumberRange(0, MOST_INTENSE, f"From 0 to {MOST_INTENSE}")]
    )

    def to_profile(self) -> Profile:
        """What was typed, as the service takes it; refuses languages and years that make no sense."""
        return Profile(
            name=self.name.data or "",
            headline=self.headline.data or "",
            bio=self.bio.data or "",
            city=self.city.data or "",
            country=self.country.data or None,
            playing_age=(self.playing_age_from.data or 18, self.playing_age_to.data or 99),
            union_status=self.union_status.data or "",
            languages=tuple(_language(line) for line in _lines(self.languages.data)),
            skills=tuple(line[:60] for line in _lines(self.skills.data)),
            credits=tuple(_credit(line) for line in _lines(self.credits.data)),
            boundaries=tuple(line[:160] for line in _lines(self.boundaries.data)),
        )

    def to_limits(self) -> Limits:
        """What is never played or asked about first, and how many loud beats fit into one session."""
        said = {topic.slug: self[name].data for name, topic in TOPIC_FIELDS.items() if self[name].data}
        return Limits.read(said, self.most_intense.data or 0)


for _name, _topic in TOPIC_FIELDS.items():
    setattr(ProfileForm, _name, SelectField(_topic.label, choices=SAID))


@blueprint.route("/profile", methods=["GET", "POST"])
@actor
def profile() -> ResponseReturnValue:
    """The profile as a form."""
    who = the_actor()
    me = actors.get_actor(reading(), who.actor_id)
    form = ProfileForm(data=_data(me) | _limits(get_limits(reading(), who.actor_id)))
    if form.validate_on_submit():
        try:
            _save(form, who.actor_id)
            flash("Profile saved.", "ok")
            return redirect(url_for("actor.profile"), 303)
        except Refused as refusal:
            form.refuse(refusal)
    groups = [(group, [(f"topic_{one.slug}", one) for one in TOPICS.of_group(group)]) for group in TOPICS.groups]
    return render_form("actor/profile.html", form, me=me, groups=groups, said=SAID)


def _save(form: ProfileForm, actor_id: int) -> None:
    """Everything or nothing, the picture included."""
    profile, limits, drawn = form.to_profile(), form.to_limits(), _draw(request.files.get("file"))
    store, before = storage(), None
    key = store.put(BytesIO(drawn), kind="portrait", suffix=".webp", content_type="image/webp").key if drawn else None
    try:
        with unit_of_work() as db:
            actors.save_profile(db, actor_id=actor_id, profile=profile, now=now())
            save_limits(db, actor_id=actor_id, limits=limits, now=now())
            before = actors.set_portrait(db, actor_id=actor_id, key=key, now=now()) if key else None
    except Refused:
        if key:
            store.delete(key)
        raise
    if before:
        store.delete(before)


def _draw(sent: FileStorage | None) -> bytes | None:
    """The portrait drawn anew, so that nothing of the file itself is kept; None when no picture was chosen."""
    if sent is None or not sent.filename:
        return None
    try:
        return make_portrait(cast(BinaryIO, sent.stream))
    except Refused as refusal:
        raise Invalid(refusal.sentence, field="file") from None


def _data(me: Actor) -> dict[str, object]:
    plain = ("name", "headline", "bio", "city", "country", "playing_age_from", "playing_age_to", "union_status")
    return {name: getattr(me, name) for name in plain} | {
        "languages": "\n".join(_language_line(row.language, row.accents) for row in me.languages),
        "skills": "\n".join(me.skills),
        "credits": "\n".join(_credit_line(row) for row in me.credits),
        "boundaries": "\n".join(me.boundaries),
    }


def _limits(limits: Limits) -> dict[str, object]:
    said = {name: limits.topics.get(topic.slug, "") for name, topic in TOPIC_FIELDS.items()}
    return {"most_intense": limits.most_intense, **said}


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _language_line(code: str, accents: str) -> str:
    name = ENGLISH.languages.get(code, code)
    return f"{name}: {accents}" if accents else name


def _language(line: str) -> Language:
    """ "English: Nigerian, London" or "en"."""
    name, _, accents = line.partition(":")
    word = name.strip().lower()
    code = LANGUAGE_CODES.get(word) or (word if word in ENGLISH.languages else None)
    if code is None:
        raise Invalid(f"“{name.strip()}” is not a language we know. Nothing was saved.", field="languages")
    return Language(code, accents.strip())


def _credit_line(row: dict[str, object]) -> str:
    return " | ".join(str(part) for part in (row.get("title"), row.get("role"), row.get("year")) if part)


def _credit(line: str) -> Credit:
    """ "Title | role | year", the last two if there are any."""
    parts = [part.strip() for part in line.split("|")]
    year = parts[-1] if len(parts) > 1 and parts[-1].isdecimal() and len(parts[-1]) == 4 else None
    rest = parts[:-1] if year else parts
    return Credit(rest[0][:120], " ".join(rest[1:])[:80], int(year) if year else None)
