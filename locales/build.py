"""Checks both catalogues against `messages.pot`, and compiles them: `python -m locales.build`.

Nothing is compiled while anything is wrong. Each problem is one line, and the exit status is 1.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

from flows.vocabulary import LANGUAGES, Language
from locales.facts import PLACEHOLDER, Facts, FactsError, load_facts

FOLDER = Path(__file__).parent

_MSGID = re.compile(r'^msgid "(.+)"', re.MULTILINE)


@dataclass(frozen=True)
class _Wanted:
    """What the template says about one id."""

    plural: bool
    params: frozenset[str]


def build(folder: Path = FOLDER, facts: Facts | None = None) -> list[str]:
    """Check the catalogues in `folder` and, if nothing is wrong, compile each beside its source.

    Returns:
        the problems, one line each; empty when both catalogues were compiled.
    Raises:
        FactsError: `facts` is None and our own facts are malformed.
    """
    known = frozenset((facts or load_facts()).placeholders(LANGUAGES[0]))
    problems: list[str] = []
    template = _read(folder / "messages.pot", None, problems)
    if template is None:
        return problems
    wanted = {_id(message): _wanted(message) for message in template if message.id}
    catalogues = {}
    for language in LANGUAGES:
        catalogue = _read(folder / language / "LC_MESSAGES" / "messages.po", language, problems)
        if catalogue is not None:
            catalogues[language] = catalogue
            problems += (f"{language}: {problem}" for problem in _check(catalogue, wanted, known))
    problems += _differences(catalogues)
    if not problems:
        for language, catalogue in catalogues.items():
            _compile(catalogue, folder / language / "LC_MESSAGES" / "messages.mo")
    return problems


def _read(file: Path, language: Language | None, problems: list[str]) -> Catalog | None:
    """Return the catalogue; None, and a problem, where the file is no catalogue or holds an id twice."""
    try:
        text = file.read_text("utf-8")
        catalogue = read_po(text.splitlines(), locale=language, abort_invalid=True)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{file}: cannot be read: {type(error).__name__}")
        return None
    except (PoFileError, ValueError, IndexError) as error:
        problems.append(f"{file}: is not a catalogue: {error}")
        return None
    twice = [id_ for id_, times in Counter(_MSGID.findall(text)).items() if times > 1]
    problems += (f"{file}: {id_} stands there twice" for id_ in twice)
    return catalogue


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def _placeholders(message: Message) -> frozenset[str]:
    return frozenset(name for text in _texts(message) for name in PLACEHOLDER.findall(text))


def _wanted(message: Message) -> _Wanted:
    """Read `#. Params: n: how many; hosts: their sites` of the template."""
    said = (line.removeprefix("Params:") for line in message.auto_comments if line.startswith("Params:"))
    names = (param.partition(":")[0].strip() for line in said for param in line.split(";"))
    return _Wanted(not isinstance(message.id, str), frozenset(names))


def _check(catalogue: Catalog, wanted: dict[str, _Wanted], known: frozenset[str]) -> Iterator[str]:
    rule = get_plural(str(catalogue.locale))
    if (catalogue.num_plurals, catalogue.plural_expr) != (rule.num_plurals, rule.plural_expr):
        yield f"the plural rule is not the one of the language, Plural-Forms: {rule.plural_forms}"
    messages = {_id(message): message for message in catalogue if message.id}
    yield from (f"{id_} is not translated" for id_ in wanted if id_ not in messages)
    yield from (f"{id_} is not in messages.pot" for id_ in messages if id_ not in wanted)
    yield from (f"{id_} is obsolete: delete it" for id_ in catalogue.obsolete)
    for id_, message in messages.items():
        if id_ in wanted:
            yield from (f"{id_} {problem}" for problem in _check_message(message, wanted[id_], known))


def _check_message(message: Message, wanted: _Wanted, known: frozenset[str]) -> Iterator[str]:
    if message.fuzzy:
        yield "is fuzzy"
    if message.context:
        yield "has a context, which nothing reads"
    plural = not isinstance(message.id, str)
    if plural != wanted.plural:
        yield "must have plural forms" if wanted.plural else "must not have plural forms"
    if plural and message.id != (message.id[0],) * 2:
        yield "must have itself as msgid_plural"
    if not all(text.strip() for text in _texts(message)):
        yield "is empty"
    if any(set("{}") & set(PLACEHOLDER.sub("", text)) for text in _texts(message)):
        yield "has a brace that belongs to no placeholder"
    for name in sorted(_placeholders(message) - wanted.params - known):
        yield f"has the placeholder {{{name}}}, which is neither a fact nor a param of messages.pot"


def _differences(catalogues: dict[Language, Catalog]) -> Iterator[str]:
    """Compare the placeholders of the languages. Where one plural form leaves one out, another has it."""
    filled: dict[str, dict[Language, frozenset[str]]] = {}
    for language, catalogue in catalogues.items():
        for message in catalogue:
            if message.id:
                filled.setdefault(_id(message), {})[language] = _placeholders(message)
    for id_, names in filled.items():
        if len(set(names.values())) > 1:
            says = ", ".join(
                f"{language} has {' '.join(sorted(has)) or 'none'}" for language, has in names.items()
            )
            yield f"{id_} has not the same placeholders: {says}"


def _compile(catalogue: Catalog, file: Path) -> None:
    """Write the compiled catalogue so that a reader sees the old one or the new one, and nothing between."""
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=".messages-", suffix=".mo")
    try:
        with os.fdopen(handle, "wb") as compiled:
            write_mo(compiled, catalogue)
        os.chmod(part, 0o644)
        os.replace(part, file)
    except BaseException:
        os.unlink(part)
        raise


def main() -> int:
    """Build, and print what is wrong. Returns the exit status."""
    try:
        problems = build()
    except FactsError as error:
        problems = [str(error)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
