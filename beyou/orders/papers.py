"""Receipts and invoices as PDF, made when somebody asks for them: they say what the order says."""

import os
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from fpdf import FPDF

from beyou.core.money import format_money
from beyou.core.ports.naming import instance_name
from beyou.core.templatetags.beyou import FONT, built_file
from beyou.orders.models import Order, SubOrder

_FACE, _OTHERS = "figtree", "dejavu"
#: The font of the pages in the two weights that paper needs.
_WEIGHTS = {"": 400, "B": 650}
#: For the letters that it lacks: Greek, Cyrillic, Hebrew, Arabic, Georgian, Armenian and more.
_FALLBACKS = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}


@lru_cache(maxsize=2)
def _letters_of(file: Path) -> frozenset[int]:
    with TTFont(file) as font:
        return frozenset(font.getBestCmap())


def _plain(text: str) -> str:
    """Characters that one of the fonts has; what else there is stands as a question mark."""
    known = _letters_of(built_file(FONT)) | _letters_of(built_file(_FALLBACKS[""]))
    return "".join(letter if ord(letter) in known else "?" for letter in text)


def _in_weight(weight: int) -> Path:
    """The font of the pages in one weight. It is cut from the variable font once for the instance, since that
    takes longer than the rest of a paper.
    """
    source = built_file(FONT)
    file = settings.DATA_DIR / "fonts" / f"{source.stem}-{weight}.ttf"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with TTFont(source) as font, NamedTemporaryFile(dir=file.parent, delete=False) as made:
            font.flavor = None
            instantiateVariableFont(font, {"wght": weight}, inplace=True, static=True).save(made)
        # Two processes may cut it at once; each of the files is whole.
        os.replace(made.name, file)
    return file


class _Paper(FPDF):
    """One sheet with a title, facts, and a table of amounts."""

    def __init__(self, title: str, number: str) -> None:
        super().__init__(format="A4")
        self.set_title(f"{title} {number}")
        self.set_author(instance_name())
        for style, weight in _WEIGHTS.items():
            self.add_font(_FACE, style, _in_weight(weight))
        # Arabic letters join, and what is written from right to left stands so.
        self.set_text_shaping(True)
        self.set_margins(20, 20, 20)
        self.add_page()
        self._text(f"{instance_name()}", 10)
        self._text(title, 22, "B")
        self._text(number, 11)
        self.ln(6)

    def _text(self, text: str, size: float, style: str = "") -> None:
        self.set_font(_FACE, style, size)
        self.multi_cell(0, size * 0.55, self._letters(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _letters(self, text: str) -> str:
        """The text in letters that the paper has a font for; the large one comes only where it is used."""
        if _OTHERS not in self.fonts and not _letters_of(built_file(FONT)).issuperset(map(ord, text)):
            for style, name in _FALLBACKS.items():
                self.add_font(_OTHERS, style, built_file(name))
            self.set_fallback_fonts([_OTHERS])
        return _plain(text)

    def facts(self, facts: list[tuple[str, str]]) -> None:
        for name, text in facts:
            self._text(name, 9)
            self._text(text, 11)
            self.ln(2)

    def amounts(self, rows: list[tuple[str, str]], total: tuple[str, str]) -> None:
        """Rows with their amounts on the right, and the total below them."""
        self.ln(4)
        for name, amount in rows:
            self._row(name, amount, "")
        self._row(*total, "B")

    def _row(self, name: str, amount: str, style: str) -> None:
        self.set_font(_FACE, style, 11)
        top = self.get_y()
        self.multi_cell(125, 7, self._letters(name), align="L", new_x="LMARGIN", new_y="NEXT")
        end = self.get_y()
        # A long name may have begun a new page; its amount then stands there.
        self.set_xy(145, top if end > top else end - 7)
        self.cell(45, 7, self._letters(amount), align="R")
        self.set_xy(20, end)
        self.line(20, end, 190, end)
        self.ln(1)


def receipt_pdf(order: Order, parts: list[SubOrder], address: dict[str, str]) -> bytes:
    """What the buyer paid for, from whom, and where it goes."""
    paper = _Paper("Receipt", order.number)
    paid = order.paid_at or order.created_at
    place = ", ".join(value for value in address.values() if value)
    paper.facts(
        [("Paid", f"{paid:%d %B %Y}"), ("Buyer", order.buyer.name), *([("Goes to", place)] if place else [])]
    )
    for part in parts:
        paper.facts([(f"Part {part.number}, sold by", part.seller.name)])
        paper.amounts(_rows(part), ("Together", format_money(part.total_minor, part.currency)))
        paper.ln(4)
    paper.amounts([], ("Total paid", format_money(order.total_minor, order.currency)))
    return bytes(paper.output())


def invoice_pdf(part: SubOrder) -> bytes:
    """What the seller sold, what the instance kept, and what the seller gets."""
    paper = _Paper("Invoice", part.number)
    paid = part.order.paid_at or part.order.created_at
    paper.facts(
        [("Sold", f"{paid:%d %B %Y}"), ("Seller", part.seller.name), ("Buyer", part.order.buyer.name)]
    )
    paper.amounts(_rows(part), ("Total", format_money(part.total_minor, part.currency)))
    fee = ("Commission of this market", format_money(-part.fee_minor, part.currency))
    paper.amounts([fee], ("The seller receives", format_money(part.payout_minor, part.currency)))
    return bytes(paper.output())


def _rows(part: SubOrder) -> list[tuple[str, str]]:
    rows = []
    for line in part.lines.all():
        name = f"{line.title}, {line.variant_name}" if line.variant_name else line.title
        each = format_money(line.unit_minor, part.currency)
        rows.append((f"{name} ({line.quantity} × {each})", format_money(line.total_minor, part.currency)))
    rows += [(each.words, format_money(-each.amount_minor, part.currency)) for each in part.taken_off]
    delivery = f"Delivery: {part.delivery_name}" if part.delivery_name else "Delivery"
    return [*rows, (delivery, format_money(part.delivery_minor, part.currency))]
