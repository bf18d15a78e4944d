"""Where the value of a setting comes from: the environment, over the settings file."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from settings.values import READ_AS, Refused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
D = TypeVar("D")
C = TypeVar("C", bound="DataclassInstance")

PREFIX = "TADA_"


class SettingsError(ValueError):
    """A setting cannot be used. Names the variable and says what to do; never holds the value."""


def unknown(names: Iterable[str], known: Container[str]) -> list[str]:
    """Return the names that look like a setting and are none."""
    return sorted(name for name in names if name.startswith(PREFIX) and name not in known)


class Source:
    """The environment over the settings file; gathers every problem, so that all are said at once."""

    def __init__(self, environ: Mapping[str, str], file: Path, known: Container[str]) -> None:
        """Read the file.

        Args:
            known: the names that may stand in it.
        """
        self._problems: list[str] = []
        self._known = known
        self._file = file
        self._values = {**self._read_file(), **{name: value for name, value in environ.items() if value}}

    def plain(self, name: str, read: Callable[[str], T], default: D) -> T | D:
        """Read a setting; `default` where it is not set."""
        return self._take(PREFIX + name, self._values.get(PREFIX + name), read, default)

    def secret(self, name: str, read: Callable[[str], T], default: D) -> T | D:
        """As `plain`, of one that may also be given as the path of a file that holds it."""
        variable, in_file = PREFIX + name, PREFIX + name + "_FILE"
        value, path = self._values.get(variable), self._values.get(in_file)
        if value and path:
            self._problems.append(f"{variable} and {in_file} are both set: keep one of them.")
            return default
        if path:
            try:
                value = (self._file.parent / path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeError):
                self._problems.append(
                    f"{in_file} names a file that cannot be read: check its path and owner."
                )
                return default
            if not value:
                self._problems.append(f"{in_file} names an empty file: write the value into it.")
                return default
        return self._take(variable, value, read, default)

    def group(self, kind: type[C], prefix: str) -> C | None:
        """Read all settings of a channel; None where none of them is set."""
        given: dict[str, Any] = {}
        for each in fields(kind):
            take = self.plain if each.repr else self.secret
            value = take(f"{prefix}_{each.name.upper()}", READ_AS[each.name], None)
            if value is not None:
                given[each.name] = value
        missing = [each.name for each in fields(kind) if each.default is MISSING and each.name not in given]
        if not given:
            return None
        if missing:
            names = ", ".join(f"{PREFIX}{prefix}_{name.upper()}" for name in missing)
            self._problems.append(
                f"{names}: missing. Set it too, or take out every {PREFIX}{prefix}_ setting."
            )
            return None
        return kind(**given)

    def finish(self) -> None:
        """Refuse to start with what cannot be used. Raises: `SettingsError`, a line for each."""
        if self._problems:
            raise SettingsError("\n".join(self._problems))

    def _take(self, variable: str, value: str | None, read: Callable[[str], T], default: D) -> T | D:
        if not value:
            return default
        try:
            return read(value)
        except Refused as refused:
            self._problems.append(f"{variable} {refused}. Change it in the environment or in {self._file}.")
            return default

    def _read_file(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeError):
            self._problems.append(
                f"{self._file} cannot be read: it must be a text file of the account that runs tada."
            )
            return {}
        values: dict[str, str] = {}
        for number, line in enumerate(map(str.strip, lines), start=1):
            if not line or line.startswith("#"):
                continue
            name, equals, value = line.removeprefix("export ").partition("=")
            if not equals or not re.fullmatch(r"TADA_[A-Z_]+", name.strip()):
                self._problems.append(
                    f"{self._file}, line {number}: write TADA_NAME=value, or # before a remark."
                )
            elif name.strip() == "TADA_HOME":
                self._problems.append(
                    f"{self._file}, line {number}: TADA_HOME can only be set in the environment."
                )
            else:
                values[name.strip()] = _unquoted(value.strip())
        self._problems += [
            f"{self._file}: {name} is no setting; see docs/running.md for their names."
            for name in unknown(values, self._known)
        ]
        return {name: value for name, value in values.items() if value}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
