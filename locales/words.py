"""Message ids put into words. What a person wrote is filled in as it is, and never read as a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path
from types import MappingProxyType

from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Label, Language, Param
from locales.facts import PLACEHOLDER, Facts, load_facts

_NOTHING: Mapping[str, Param] = MappingProxyType({})
_FOLDER = Path(__file__).parent


class WordsError(Exception):
    """A text cannot be said. The message holds ids and names, never a value."""


class CatalogueMissing(WordsError):
    """A catalogue was not compiled."""


class UnknownMessage(WordsError):
    """No catalogue has a text of this id."""


class MissingParam(WordsError):
    """A text has a placeholder that it was given nothing for."""


Template = tuple[str, ...]
"""A text cut at its placeholders: words, a name, words, a name, …, words."""


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """One language: the forms of each text (one, or as many as the language has plurals), and their rule."""

    forms: Mapping[str, tuple[Template, ...]]
    plural: Callable[[int], int]
    open: tuple[str, ...]
    """Those with a placeholder in them."""

    def filled(self, known: Mapping[str, str]) -> _Catalogue:
        """Return the same with the placeholders of facts filled."""
        filled = {id_: tuple(_filled(form, known) for form in self.forms[id_]) for id_ in self.open}
        return replace(self, forms={**self.forms, **filled})


class Words:
    """Every text, in both languages, with the facts already in place."""

    def __init__(self, facts: Facts, settings: Mapping[str, str | int] | None = None) -> None:
        """Read both compiled catalogues.

        Args:
            facts: what the placeholders of facts are filled with.
            settings: placeholders whose value comes from the settings and wins over the fact of that name,
                such as `service`, `service_contact`, `draft_hours`, `closed_days`, `neutral_exit_url`.
        Raises:
            CatalogueMissing: the catalogues were not compiled.
            WordsError: `settings` holds a name that is no placeholder of a fact.
        """
        self._catalogues: dict[Language, _Catalogue] = {}
        self._facts: dict[Language, dict[str, str]] = {}
        chosen = {name: str(value) for name, value in (settings or {}).items()}
        for language in LANGUAGES:
            known = facts.placeholders(language)
            if unknown := chosen.keys() - known.keys():
                raise WordsError(f"no fact has the placeholder {', '.join(sorted(unknown))}")
            self._facts[language] = known | chosen
            self._catalogues[language] = _read(language).filled(self._facts[language])

    @classmethod
    def load(cls, own: Path | None = None, settings: Mapping[str, str | int] | None = None) -> Words:
        """Return the words with our facts, and those of the organisation's file over them."""
        return cls(load_facts(own), settings)

    def sample(self, language: Language, message: str) -> str:
        """Return the text of an id with … for whatever the moment fills in; for looking at it."""
        forms = self._catalogues[language].forms[message]
        return "".join("…" if place % 2 else part for place, part in enumerate(forms[-1]))

    def ids(self) -> frozenset[str]:
        """Return the ids of all texts."""
        return frozenset(self._catalogues[CHINESE].forms)

    def fact(self, language: Language, name: str) -> str:
        """Return what a placeholder of a fact or a setting says, for use outside a text (a link to leave by).

        Raises:
            MissingParam: there is no such placeholder.
        """
        try:
            return self._facts[language][name]
        except KeyError:
            raise MissingParam(f"no fact has the placeholder {name}") from None

    def say(self, language: Language | None, message: str, params: Mapping[str, Param] = _NOTHING) -> str:
        """Return the text in that language; in both, Chinese first, where none was chosen yet.

        A parameter `n` picks the plural form; any form will do where `n` is not a number (a script fills it in).

        Raises:
            UnknownMessage: there is no text of this id.
            MissingParam: the text has a placeholder that `params` does not fill.
        """
        if language is None:
            return f"{self._say(CHINESE, message, params)}\n\n{self._say(ENGLISH, message, params)}"
        return self._say(language, message, params)

    def label(self, language: Language | None, message: str) -> str:
        """Return a short text; where no language was chosen yet both, joined by a slash unless they are equal.

        Raises:
            UnknownMessage: there is no text of this id.
        """
        if language is not None:
            return self._say(language, message, _NOTHING)
        return " / ".join(
            dict.fromkeys((self._say(CHINESE, message, _NOTHING), self._say(ENGLISH, message, _NOTHING)))
        )

    def _say(self, language: Language, message: str, params: Mapping[str, Param]) -> str:
        catalogue = self._catalogues[language]
        try:
            forms = catalogue.forms[message]
        except KeyError:
            raise UnknownMessage(f"there is no text {message}") from None
        template = forms[0]
        if len(forms) > 1:
            n = params.get("n")
            template = forms[catalogue.plural(n)] if isinstance(n, int) else forms[-1]
        if len(template) == 1:
            return template[0]
        parts = list(template)
        for place in range(1, len(parts), 2):
            name = parts[place]
            if name not in params:
                raise MissingParam(f"the text {message} needs {name}")
            parts[place] = self._fill(language, params[name])
        return "".join(parts)

    def _fill(self, language: Language, value: Param) -> str:
        if isinstance(value, Label):
            return self._say(language, value.id, _NOTHING)
        if isinstance(value, tuple):
            return _join(language, [self._say(language, label.id, _NOTHING) for label in value])
        return str(value)


def _join(language: Language, labels: list[str]) -> str:
    """Return the labels as a list in one line; a longer pause between them where one has a pause in itself."""
    pause, longer = ("、", "；") if language == CHINESE else (", ", "; ")
    return (longer if any(pause.strip() in label for label in labels) else pause).join(labels)


def _filled(template: Template, known: Mapping[str, str]) -> Template:
    filled = [template[0]]
    for name, words in zip(template[1::2], template[2::2], strict=True):
        if name in known:
            filled[-1] += known[name] + words
        else:
            filled += [name, words]
    return tuple(filled)


class _Compiled(GNUTranslations):
    """A compiled catalogue, opened up: the library itself offers no list of what one holds."""

    _catalog: dict[str | tuple[str, int], str]
    plural: Callable[[int], int]


def _read(language: Language) -> _Catalogue:
    """Return a catalogue with nothing filled; its file is read again only where it was compiled anew."""
    file = _FOLDER / language / "LC_MESSAGES" / "messages.mo"
    try:
        return _opened(file, file.stat().st_mtime_ns)
    except FileNotFoundError:
        raise CatalogueMissing(f"{file} is missing: compile it with `python -m locales.build`") from None


@lru_cache(maxsize=len(LANGUAGES))
def _opened(file: Path, changed_at: int) -> _Catalogue:
    with file.open("rb") as compiled:
        translations = _Compiled(compiled)
    found: dict[str, dict[int, Template]] = {}
    for key, text in translations._catalog.items():
        if key != "":
            id_, form = key if isinstance(key, tuple) else (key, 0)
            found.setdefault(id_, {})[form] = tuple(PLACEHOLDER.split(text))
    # In the order of the language's plural rule.
    forms = {id_: tuple(forms[form] for form in sorted(forms)) for id_, forms in found.items()}
    open_ = tuple(id_ for id_, each in forms.items() if any(len(form) > 1 for form in each))
    return _Catalogue(forms, translations.plural, open_)
