"""The demo's customers: invented platforms, the people who act for them, and the titles they make."""

from __future__ import annotations

from typing import Final, NamedTuple


class Beat(NamedTuple):
    """One moment of a brief: flavours by slug, `to` empty where one is held."""

    start: str
    to: str
    intensity: str
    display: str
    seconds: int
    framing: str
    line: str


class Title(NamedTuple):
    """A vertical series in the making, and what is wanted for it."""

    name: str
    character: str
    synopsis: str
    beats: tuple[Beat, ...]


class House(NamedTuple):
    """A platform: `members` are (name, e-mail, duty); an unvetted one is new to the marketplace."""

    name: str
    slug: str
    country: str
    zone: str
    about: str
    members: tuple[tuple[str, str, str], ...]
    vetted: bool = True


HOUSES: Final[tuple[House, ...]] = (
    House(
        "ReelForge",
        "reelforge",
        "US",
        "America/Los_Angeles",
        "Vertical revenge and romance in ninety-second parts, for people who watch on the train.",
        (
            ("Mira Osterhaus", "mira@reelforge.example", "owner"),
            ("Caleb Thornewill", "caleb@reelforge.example", "casting"),
        ),
    ),
    House(
        "Veloura",
        "veloura",
        "GB",
        "Europe/London",
        "Slow-burn love stories, sixty parts at a time.",
        (("Sanna Iverholt", "sanna@veloura.example", "owner"),),
    ),
    House(
        "Nightcandle Studios",
        "nightcandle",
        "CA",
        "America/Vancouver",
        "Werewolves, witches and the families that hide them, drawn by machine and played by people.",
        (
            ("Arjun Vellamori", "arjun@nightcandle.example", "owner"),
            ("Beatriz Coelhosa", "beatriz@nightcandle.example", "casting"),
        ),
    ),
    House(
        "Pocket Opera",
        "pocket-opera",
        "DE",
        "Europe/Berlin",
        "Melodrama for one hand: short parts, loud hearts.",
        (("Henrik Aldersrode", "henrik@pocketopera.example", "owner"),),
    ),
    House(
        "Tallscreen",
        "tallscreen",
        "SG",
        "Asia/Singapore",
        "Office intrigue and hidden heirs for South-East Asia.",
        (("Mei Rahmansia", "mei@tallscreen.example", "owner"),),
    ),
    House(
        "Halcyon Verticals",
        "halcyon",
        "IN",
        "Asia/Kolkata",
        "Family dramas in five languages, forty titles a year.",
        (("Rohan Deshmalkar", "rohan@halcyon.example", "owner"),),
    ),
    House(
        "Moonshaft AI Film",
        "moonshaft",
        "US",
        "America/New_York",
        "Generated worlds, performed by actors.",
        (("Ines Delacorva", "ines@moonshaft.example", "owner"),),
    ),
    House(
        "Ember & Ivory",
        "ember-ivory",
        "AU",
        "Australia/Adelaide",
        "Two writers, one camera-less studio.",
        (("Piper Hallorent", "piper@emberivory.example", "owner"),),
        vetted=False,
    ),
)

TITLES: Final[tuple[Title, ...]] = (
    Title(
        "The Heiress Sweeps the Floor",
        "Vivian, the cleaner who owns the tower",
        "Fired in front of the board, she learns that the board is hers.",
        (
            Beat("humiliation", "cold-fury", "high", "contained", 8, "close-up", "You may keep the mop."),
            Beat("composure", "menace", "medium", "contained", 7, "close-up", "Sit down. That is my chair."),
            Beat("held-back-tears", "defiance", "high", "natural", 9, "medium", "I was never yours to dismiss."),
        ),
    ),
    Title(
        "Married to My Rival's Boss",
        "Adrian, the groom by contract",
        "A marriage on paper, and one bed in the honeymoon suite.",
        (
            Beat(
                "calculated-charm", "vulnerability", "medium", "natural", 8, "close-up", "It was only ever a signature."
            ),
            Beat("longing", "", "medium", "contained", 10, "close-up", ""),
            Beat("jealous-anger", "tenderness", "high", "natural", 9, "medium", "Who drove you home?"),
        ),
    ),
    Title(
        "Luna of the Quiet Pack",
        "Mara, the healer with no wolf",
        "The pack that sent her away comes back on its knees.",
        (
            Beat("dread", "determination", "high", "natural", 8, "medium", "Then let them come."),
            Beat("despair", "awe", "high", "released", 9, "wide", ""),
        ),
    ),
    Title(
        "Three Slaps and a Contract",
        "Elena, the assistant",
        "An insult, a reveal and a crush in every part.",
        (
            Beat("startle", "disbelief", "high", "natural", 5, "close-up", "Say that again."),
            Beat("humiliation", "triumph", "high", "released", 8, "medium", "Read the last page."),
        ),
    ),
    Title(
        "The Billionaire Delivers Noodles",
        "Sam, who hides a fortune",
        "He only wanted to be liked for the soup.",
        (
            Beat("amusement", "infatuation", "medium", "natural", 7, "close-up", ""),
            Beat(
                "concealment", "guilt", "medium", "contained", 8, "close-up", "I should have told you on the first day."
            ),
        ),
    ),
    Title(
        "Mother-in-Law, Season of Knives",
        "Madame Roux, who never raises her voice",
        "Dinner for eight. One inheritance.",
        (
            Beat("disdain", "", "medium", "contained", 6, "close-up", "How brave of you to wear it."),
            Beat("mocking-hostility", "suspicion", "medium", "contained", 8, "medium", ""),
        ),
    ),
    Title(
        "She Came Back as the Lawyer",
        "Noor, the ex-wife",
        "Five years later she opens the other side's file.",
        (
            Beat(
                "composure",
                "wounded-anger",
                "high",
                "contained",
                9,
                "close-up",
                "You signed it in blue ink. I remember.",
            ),
            Beat("exasperated-pity", "authority", "medium", "natural", 7, "medium", ""),
        ),
    ),
    Title(
        "Eighteen Missed Calls",
        "Leo, the younger brother",
        "The call that counted was the first.",
        (
            Beat("grief", "", "high", "released", 10, "close-up", ""),
            Beat("remorse", "pleading", "high", "natural", 8, "close-up", "Pick up. Please."),
        ),
    ),
    Title(
        "The Substitute Bride Says No",
        "Iris, the wrong sister",
        "The veil lifts. Nobody objects. She does.",
        (
            Beat("panic", "defiance", "high", "natural", 7, "medium", "No."),
            Beat("relief", "delight", "medium", "released", 7, "close-up", ""),
        ),
    ),
    Title(
        "Don't Wake the Alpha",
        "Rafe, who sleeps through wars",
        "A hundred-year nap ends badly.",
        (
            Beat("irritation", "menace", "high", "contained", 6, "close-up", ""),
            Beat("confusion", "protective-anger", "high", "released", 8, "wide", "Behind me. Now."),
        ),
    ),
)

ROLES: Final = (
    "Lead",
    "Antagonist",
    "Best friend",
    "Mother-in-law",
    "The rival",
    "The twin",
    "The heir",
    "Narrator",
    "The ex",
    "The detective",
)

PAST_TITLES: Final = (
    "My Boss Is the Moon King",
    "Ninety Days a Duchess",
    "Return of the Discarded Wife",
    "The Janitor's Last Will",
    "Fake Dating the Coroner",
    "Crown of Instant Noodles",
    "Her Third Face",
    "The Prenup",
    "Wolf at the Wedding",
    "Divorce Me Tomorrow",
    "The Silent Heir",
    "A Slap for Every Lie",
    "Room Service for Revenge",
    "Two Alphas, One Lift",
    "The Doctor's Secret Twin",
    "Rich Man, Night Bus",
)

ADMINS: Final[tuple[tuple[str, str], ...]] = (
    ("Dana Whitcroft", "dana@marquee.example"),
    ("Samir Okonjova", "samir@marquee.example"),
)
