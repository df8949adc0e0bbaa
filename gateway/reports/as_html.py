"""A report as one page that needs nothing else: no script, no font, no picture from elsewhere. It prints, fits a phone,
and follows the reader's choice of light or dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from gateway.reports.as_text import blame
from gateway.reports.cells import NUMBERS, Kind, Value, shown
from gateway.reports.document import Bar, Chart, Check, Column, Figure, Figures, Report, Row, Section, Table

_NARROW = 4  # columns that need no whole line
_TEMPLATES = Path(__file__).resolve().parent / "templates"


def render(report: Report) -> str:
    """The page as text, UTF-8 when written."""
    page = Template((_TEMPLATES / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=escape(report.title),
        style=(_TEMPLATES / "page.css").read_text(encoding="utf-8"),
        as_of=escape(shown("time", report.as_of)),
        parameters="".join(_parameter(name, value) for name, value in report.parameters),
        verdict=_verdict(report.checks),
        body="\n".join(_body(report)),
    )


def _parameter(name: str, value: str) -> str:
    return f"<span>{escape(name)} <b>{escape(value)}</b></span>"


def _verdict(checks: Sequence[Check]) -> str:
    if not checks:
        return ""
    failed = sum(not check.holds for check in checks)
    if failed:
        return f'<span class="off">{failed} of {len(checks)} laws {"does" if failed == 1 else "do"} not hold</span>'
    return f'<span class="ok">{"all laws hold" if len(checks) > 1 else "its law holds"}</span>'


def _body(report: Report) -> Iterator[str]:
    for block in _blocks(report.sections):
        if isinstance(block, list):
            yield '<div class="row">'
            yield from ("".join(_short(section)) for section in block)
            yield "</div>"
        else:
            yield "".join(_table(block))
    for note in report.notes:
        yield f'<p class="note">{escape(note)}</p>'
    if report.checks:
        yield "".join(_checks(report.checks))


def _blocks(sections: Sequence[Section]) -> Iterator[list[Figures | Chart] | Table]:
    """Figures and charts side by side as the page allows; tables on their own."""
    together: list[Figures | Chart] = []
    for section in sections:
        if isinstance(section, Table):
            if together:
                yield together
                together = []
            yield section
        elif isinstance(section, Figures) or section.bars:
            together.append(section)
    if together:
        yield together


# ── figures and charts ───────────────────────────────────────────────────────────────────────────────────────────────


def _short(section: Figures | Chart) -> Iterator[str]:
    yield '<section class="card">'
    if isinstance(section, Chart):
        yield from _stack(section) if section.form == "stack" else _bars(section)
    else:
        yield from _figures(section)
    yield "</section>"


def _figures(figures: Figures) -> Iterator[str]:
    note = f" <small>{escape(figures.note)}</small>" if figures.note else ""
    yield f"<h2>{escape(figures.title)}{note}</h2>"
    rows = [row for row in figures.rows if row.brief]
    if not rows:
        yield '<p class="note">nothing</p>'
        return
    yield '<table class="figures"><tbody>'
    for row in rows:
        yield _figure(row)
    yield "</tbody></table>"


def _figure(row: Figure) -> str:
    says = f'<div class="says">{escape(row.says)}</div>' if row.says else ""
    share = "" if row.share is None else f"{row.share:.1%}"
    depth = f' class="d{row.depth}"' if row.depth else ""
    value = f'<td class="{_class(row.kind, row.value)}">{_value(row.kind, row.value)}</td>'
    return f'<tr><th{depth}>{escape(row.label)}{says}</th>{value}<td class="share">{share}</td></tr>'


def _bars(chart: Chart) -> Iterator[str]:
    """Bars from a common line, so that lengths compare; what is negative is drawn in its own colour."""
    most = max(abs(bar.value) for bar in chart.bars) or 1
    yield f'<h2>{escape(chart.title)}</h2><div class="bars">'
    for bar in chart.bars:
        width = max(abs(bar.value) / most * 100, 0.4) if bar.value else 0
        tone = "neg" if bar.value < 0 else bar.tone
        yield (
            f'<div><span class="label">{escape(bar.label)}</span><span class="n">{shown(chart.kind, bar.value)}</span>'
            f'<svg width="100%" height="12" role="img" aria-label="{escape(bar.label, quote=True)}">'
            f'<rect width="100%" height="12" rx="3" class="back"/>'
            f'<rect width="{width:.2f}%" height="12" rx="3" class="{tone}"/></svg></div>'
        )
    yield "</div>"


def _stack(chart: Chart) -> Iterator[str]:
    """Parts of a whole in one bar, with their names below; what is negative stands below only."""
    whole = sum(bar.value for bar in chart.bars if bar.value > 0)
    yield f"<h2>{escape(chart.title)}</h2>"
    yield f'<svg width="100%" height="30" role="img" aria-label="{escape(chart.title, quote=True)}">'
    yield '<rect width="100%" height="30" class="back"/>'
    at = 0.0
    for bar in chart.bars:
        if bar.value > 0:
            width = bar.value / whole * 100
            yield f'<rect x="{at:.3f}%" width="{width:.3f}%" height="30" class="{bar.tone}"/>'
            at += width
    yield '</svg><ul class="legend">'
    for bar in chart.bars:
        yield _legend(chart.kind, bar, whole)
    yield "</ul>"


def _legend(kind: Kind, bar: Bar, whole: int) -> str:
    share = f" · {bar.value / whole:.1%}" if whole and bar.value > 0 else ""
    patch = f'<rect width="12" height="12" rx="2" class="{bar.tone}"/>'
    return (
        f'<li><svg width="12" height="12" aria-hidden="true">{patch}</svg> '
        f'<span>{escape(bar.label)}</span> <span class="n">{shown(kind, bar.value)}{share}</span></li>'
    )


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(table: Table) -> Iterator[str]:
    places = [at for at, column in enumerate(table.columns) if column.brief]
    columns = [table.columns[at] for at in places]
    count = f" <small>{table.count:,}</small>" if table.count else ""
    yield f'<section class="wide"><h2>{escape(table.title)}{count}</h2>'
    if not table.rows:
        yield f'<p class="note">{escape(table.empty)}</p></section>'
        return
    narrow = " narrow" if len(columns) <= _NARROW else ""
    yield f'<div class="scroll"><table class="rows{narrow}"><thead><tr>'
    yield "".join(f'<th class="{_class(column.kind)}">{escape(column.title)}</th>' for column in columns)
    yield "</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(_cells(columns, [row[at] for at in places]))}</tr>"
    yield "</tbody>"
    if table.totals is not None and table.count > 1:
        yield _totals(columns, tuple(table.totals[at] for at in places))
    yield "</table></div>"
    if table.left_out:
        where = table.more or "CSV, XLSX and JSON have them all"
        yield f'<p class="note">… and {table.left_out:,} more ({escape(where)}).</p>'
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'
    yield "</section>"


def _cells(columns: Sequence[Column], values: Sequence[Value]) -> Iterator[str]:
    for column, value in zip(columns, values, strict=True):
        label = escape(column.title, quote=True)
        yield f'<td class="{_class(column.kind, value)}" data-label="{label}">{_value(column.kind, value)}</td>'


def _totals(columns: Sequence[Column], totals: Row) -> str:
    cells = [""] * len(columns)
    for at, (column, value) in enumerate(zip(columns, totals, strict=True)):
        label = escape(column.title, quote=True)
        text = "total" if at == 0 and value is None else _value(column.kind, value)
        names = _class(column.kind, text if at == 0 else value)
        cells[at] = f'<td class="{names}" data-label="{label}">{text}</td>'
    return f"<tfoot><tr>{''.join(cells)}</tr></tfoot>"


def _value(kind: Kind, value: Value) -> str:
    return escape(shown(kind, value))


def _class(kind: Kind, value: Value = None) -> str:
    """The class of a cell: numbers stand right, negative ones in their colour, what is empty is left out on a phone."""
    names = ["n" if kind in NUMBERS else "t" if kind in ("text", "code") else "d"]
    if isinstance(value, int | float) and value < 0:
        names.append("minus")
    if value is None or value == "":
        names.append("none")
    return " ".join(names)


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    yield '<section class="wide"><h2>Conservation</h2><ul class="checks">'
    for check in checks:
        if check.holds:
            yield f'<li class="ok">{escape(check.name)}</li>'
        else:
            yield f'<li class="off">{escape(check.name)}<div class="says">{escape(blame(check))}</div></li>'
    yield "</ul></section>"
