"""What a setting may be, and how text that owners wrote is shown. Pure."""

import re
import unicodedata
from dataclasses import dataclass

NAME_LENGTH = 60
RULES_LENGTH = 20_000
#: The accents that pages can wear; the first is worn where nothing is set.
ACCENTS = ("iris", "jade", "ocean", "plum", "ember", "slate")
#: Who may join: nothing for everybody, this for those with an invitation.
INVITE = "invite"
#: Whoever the staff let in, after they said why they want to join.
APPROVAL = "approval"

_LINK = re.compile(r"https?://[\w\[][^\s<>\"]*")
_AFTER = ".,;:!?)]}'*"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; with `href` it is a link."""

    text: str
    href: str = ""


Line = list[Piece]


def one_line(text: str) -> str:
    """The words with one space between them: a name also stands in the subjects of mails."""
    return " ".join(text.split())


def plain_text(text: str) -> str:
    """Text with the line ends of Unix and no room around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def text_problem(text: str) -> str:
    """Why the text cannot stand on a page; nothing when it can. Signs that nobody sees, such as those that
    turn the direction of writing, would show readers something else than was written.
    """
    hidden = (
        char
        for char in text
        if char not in "\n\t\u200c\u200d" and unicodedata.category(char) in ("Cc", "Cf", "Cs")
    )
    found = next(hidden, None)
    if found is None:
        return ""
    return f"It holds a sign that nobody can see (U+{ord(found):04X}). Remove it, or type the text again."


def paragraphs(text: str) -> list[list[Line]]:
    """The text as paragraphs, which empty lines part, of lines, of pieces; addresses of the web are links."""
    parts = re.split(r"\n[ \t]*\n", plain_text(text))
    return [[_pieces(line) for line in part.strip("\n").split("\n")] for part in parts if part.strip()]


def _pieces(line: str) -> Line:
    found: Line = []
    at = 0
    for match in _LINK.finditer(line):
        # What ends a sentence is no part of the address.
        address = match[0].rstrip(_AFTER)
        found += [Piece(line[at : match.start()]), Piece(address, address)]
        at = match.start() + len(address)
    return [piece for piece in [*found, Piece(line[at:])] if piece.text]
