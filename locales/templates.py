"""The templates of pages: what is put into them is escaped, and a name that nobody gave stops the page."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates(package: str, **known: Any) -> Environment:
    """Return the templates of a package: to be kept for the process, for what is compiled is kept with them.

    Args:
        known: what every one of them may use; no word of any organisation.
    """
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= known
    return made
