"""Which words does a person read? Every text by its message id, in both languages, and the facts they rest on."""

from locales.facts import Fact, Facts, FactsError, load_facts
from locales.languages import TAGS, negotiate
from locales.living import LivingWords
from locales.words import CatalogueMissing, MissingParam, UnknownMessage, Words, WordsError

__all__ = [
    "TAGS",
    "CatalogueMissing",
    "Fact",
    "Facts",
    "FactsError",
    "LivingWords",
    "MissingParam",
    "UnknownMessage",
    "Words",
    "WordsError",
    "load_facts",
    "negotiate",
]
