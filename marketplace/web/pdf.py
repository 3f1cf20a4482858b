"""PDF: sheets of text and tables in one typeface that has Latin, Greek and Cyrillic; the same bytes for the same facts.

The typeface comes with a dependency (font-source-sans-pro), so that a PDF needs nothing of the machine it is made on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import font_source_sans_pro
from flask import Response
from fpdf import FPDF, FontFace
from fpdf.enums import Align, TableBordersLayout, XPos, YPos

from marketplace.web.csv_file import file_name

FAMILY: Final = "Source Sans Pro"
REGULAR: Final[str] = font_source_sans_pro.font_files_ttf["SourceSansPro"]
SEMIBOLD: Final[str] = font_source_sans_pro.font_files_ttf["SourceSansProSemibold"]
INK, FAINT = 20, 110
MARGIN_MM: Final = 18

Pairs = Iterable[tuple[str, str]]


class Sheet(FPDF):
    """An A4 document. `foot` stands at the foot of every page beside its number; `made_at` is the only time in it."""

    def __init__(self, title: str, foot: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM + 4)
        self.add_font(FAMILY, "", REGULAR)
        self.add_font(FAMILY, "B", SEMIBOLD)
        self.set_title(title)
        self.set_lang("en")
        self.set_creation_date(made_at)
        self.add_page()
        self.plain()

    def footer(self) -> None:
        """Called by the library at the end of every page."""
        self.set_y(-MARGIN_MM + 2)
        self.plain(8, FAINT)
        self.cell(0, 4, self.foot)
        self.set_x(self.l_margin)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align=Align.R)

    def plain(self, size: float = 10, grey: int = INK, *, bold: bool = False) -> None:
        """The look of what is written next."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(grey)

    def heading(self, words: str, below: str = "") -> None:
        """The largest words, with a line below."""
        self.plain(22, bold=True)
        self.multi_cell(0, 10, words, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)
        if below:
            self.plain(11, FAINT)
            self.multi_cell(0, 5.5, below, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)
        self.ln(5)
        self.plain()

    def paragraph(self, words: str, grey: int = INK, size: float = 10) -> None:
        """Words as wide as the page."""
        self.plain(size, grey)
        self.multi_cell(0, size * 0.48, words, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)
        self.ln(2)

    def side_by_side(self, blocks: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Blocks of lines under a small heading each, beside each other: who issues, who receives."""
        width, top, lowest = self.epw / len(blocks), self.get_y(), self.get_y()
        for index, (heading, lines) in enumerate(blocks):
            left = self.l_margin + index * width
            self.set_xy(left, top)
            self.plain(8.5, FAINT)
            self.cell(width, 4.5, heading)
            self.plain()
            for number, line in enumerate(one for one in lines if one):
                self.set_xy(left, self.get_y() + (4.8 if number == 0 else 0))
                self.plain(bold=number == 0)
                self.multi_cell(width - 4, 4.8, line, new_x=XPos.LEFT, new_y=YPos.NEXT, align=Align.L)
            lowest = max(lowest, self.get_y())
        self.set_xy(self.l_margin, lowest + 4)

    def facts(self, rows: Pairs) -> None:
        """Labels with their values."""
        self.grid([], [[label, value] for label, value in rows], widths=[1, 3], amounts=0, faint_first=True)

    def grid(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        widths: Sequence[float],
        amounts: int,
        totals: int = 0,
        size: float = 9.5,
        faint_first: bool = False,
    ) -> None:
        """A table; its last `amounts` columns are figures, its last `totals` rows stand out. The header is repeated."""
        self.plain(size)
        aligned = [Align.L] * (len(widths) - amounts) + [Align.R] * amounts
        written = [list(row) for row in rows]
        self.set_draw_color(205)
        with self.table(
            col_widths=tuple(widths),
            text_align=tuple(aligned),
            first_row_as_headings=bool(header),
            headings_style=FontFace(emphasis="BOLD", color=FAINT),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=size * 0.5,
            padding=(1.1, 1.2),
        ) as table:
            if header:
                table.row(list(header))
            for number, row in enumerate(written):
                stands_out = number >= len(written) - totals
                drawn = table.row(style=FontFace(emphasis="BOLD") if stands_out else None)
                for column, text in enumerate(row):
                    drawn.cell(text, style=FontFace(color=FAINT) if faint_first and column == 0 else None)
        self.ln(4)

    def to_bytes(self) -> bytes:
        """The file."""
        return bytes(self.output())


def send_pdf(name: str, sheet: Sheet) -> Response:
    """An answer that a browser shows, and saves under that name."""
    answer = Response(sheet.to_bytes(), content_type="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=file_name(name, "pdf"))
    return answer
