"""`tada case`: the queue, and one case of it, for a colleague who signs in."""

from __future__ import annotations

import json
from typing import Any

import click

from storage import cases
from tada.asking import signed_in
from tada.instance import Instance, pass_instance
from tada.output import print_json, print_table, print_text


@click.group()
def case() -> None:
    """Read the queue and its cases.

    Asks for a colleague's name and password, or takes them from TADA_STAFF and TADA_PASSWORD.
    Every opening of a case is written to the log before anything of it is shown.
    """


@case.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_them(instance: Instance, as_json: bool) -> None:
    """List the cases, the most urgent first. Nothing a person wrote is shown.

    \b
    Examples:
      tada case list
      TADA_STAFF=Mei TADA_PASSWORD=... tada case list --json
    """
    found = cases.list_cases(instance.database, instance.keys, signed_in(instance))
    if as_json:
        print_json([summary.as_json() for summary in found])
    elif found:
        print_table(
            ("REFERENCE", "PRIORITY", "WHY", "STATUS", "LANGUAGE", "CHANNEL", "SUBMITTED"),
            [
                (
                    summary.reference,
                    summary.priority + (" (asked again)" if summary.raised else ""),
                    f"DAMAGED: {summary.damaged}" if summary.damaged else summary.priority_reason,
                    summary.status,
                    summary.language,
                    summary.channel,
                    f"{summary.submitted_at:%Y-%m-%d %H:%M} UTC" if summary.submitted_at else None,
                )
                for summary in found
            ],
        )
    else:
        click.echo("No case is waiting.")


@case.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def show(instance: Instance, reference: str, as_json: bool) -> None:
    """Open one case. What it holds can be distressing.

    Links are text: copy them only where opening them is safe for you.

    \b
    Examples:
      tada case show TD-4F7K
      TADA_STAFF=Mei TADA_PASSWORD=... tada case show TD-4F7K --json
    """
    caseworker = signed_in(instance)
    opened = cases.open_case(instance.database, instance.keys, caseworker, reference).as_json()
    if as_json:
        print_json(opened)
    else:
        print_text(_sheet(opened))


def _sheet(case: dict[str, Any]) -> str:
    """Lay a case out for reading: one line a thing, long texts below their names."""
    head = ("reference", "status", "priority", "priority_reason", "language", "channel", "submitted_at")
    lines = [f"{name}: {case[name]}" for name in head]
    lines += [f"flags: {', '.join(case['flags']) or 'none'}", ""]
    lines += [f"{name}: {_told(value)}" for name, value in case["fields"].items()]
    lines += ["", f"links: {len(case['links'])}"]
    if withheld := case.get("links_withheld"):
        lines.append(f"  {withheld} withheld: the person was under 16 in some of the images")
    lines += [f"  [{link['status']}, {link['platform']}] {link['url']}" for link in case["links"]]
    lines += ["", "opened:", *(f"  {opening['at']} {opening['staff']}" for opening in case["opened"])]
    return "\n".join(lines)


def _told(value: Any) -> str:
    match value:
        case None:
            return "(skipped)"
        case str() if "\n" in value:
            return "\n" + "\n".join(f"  {line}" for line in value.splitlines())
        case str():
            return value
        case list() if all(isinstance(part, str) for part in value):
            return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
