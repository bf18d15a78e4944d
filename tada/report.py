"""`tada report`: how often what happened, by month, with nothing that could point to a person."""

from __future__ import annotations

import csv
import html
import io
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

from storage.counts import counts_between
from tada.instance import Instance, pass_instance
from tada.output import print_json

LEAST = 5
"""Smaller numbers can point to a person, and are left out. No sums are given, which would tell them."""

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _month(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if _MONTH.fullmatch(value):
        return value
    raise click.BadParameter("is a month such as 2026-11")


@click.command()
@click.option("--from", "first", required=True, callback=_month, help="First month, such as 2026-01.")
@click.option("--to", "last", required=True, callback=_month, help="Last month, included.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "csv", "pdf"]),
    default="json",
    show_default=True,
    help="pdf goes to standard output: add > report.pdf",
)
@pass_instance
def report(instance: Instance, first: str, last: str, form: str) -> None:
    """Count by month what happened: conversations begun, consents, cases, referrals.

    Numbers under five are left out, since they could point to a person. Months are those of UTC.

    \b
    Examples:
      tada report --from 2026-01 --to 2026-12
      tada report --from 2026-11 --to 2026-11 --format csv > november.csv
    """
    if last < first:
        raise click.UsageError("--to lies before --from.")
    instance.require_init()
    with instance.database.reading() as connection:
        counted = counts_between(connection, first, last)
    table = [
        {"month": month, "counts": {name: n if n >= LEAST else None for name, n in counts.items()}}
        for month, counts in counted.items()
    ]
    if form == "json":
        print_json({"from": first, "to": last, "left_out_below": LEAST, "months": table})
    elif form == "csv":
        click.echo(_as_csv(table), nl=False)
    else:
        sys.stdout.buffer.write(_as_pdf(first, last, table))


def _rows(table: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for month in table:
        for name, n in month["counts"].items():
            yield month["month"], name, f"under {LEAST}" if n is None else str(n)


def _as_csv(table: list[dict[str, Any]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("month", "what", "how often"))
    writer.writerows([_defused(cell) for cell in row] for row in _rows(table))
    return target.getvalue()


def _defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _as_pdf(first: str, last: str, table: list[dict[str, Any]]) -> bytes:
    try:
        from weasyprint import HTML  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise click.ClickException(
            "For PDF the package weasyprint is needed, which is not installed here: pip install weasyprint. "
            "Or take --format csv."
        ) from None
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in _rows(table)
    )
    page = (
        f"<!doctype html><html lang=en><title>{first} to {last}</title><style>body{{font-family:sans-serif}}"
        "td,th{padding:.2em 1em;text-align:left;border-bottom:1px solid #ccc}</style>"
        f"<h1>{first} to {last}</h1><p>Numbers under {LEAST} are left out.</p>"
        f"<table><tr><th>Month</th><th>What</th><th>How often</th></tr>{lines}</table></html>"
    )
    return bytes(HTML(string=page).write_pdf())
