"""From what a device asks for to one of our two languages, and back to a tag for `lang=`."""

from __future__ import annotations

from flows.vocabulary import CHINESE, ENGLISH, Language

TAGS: dict[Language, str] = {CHINESE: "zh-Hant-HK", ENGLISH: "en"}
"""The value of `lang=` for each language: with it browsers take the Hong Kong forms of characters."""

# What devices send, without the parts after it: `zh-HK`, `zh-Hant-HK`, `zh-TW`, `zh-CN` and the rest are all
# read by somebody who reads Chinese. The common libraries find no catalogue for several of them.
_SPOKEN: dict[str, Language] = {
    "zh": CHINESE,
    "yue": CHINESE,  # Cantonese, as newer devices call it
    "cmn": CHINESE,
    "hak": CHINESE,
    "nan": CHINESE,
    "wuu": CHINESE,
    "en": ENGLISH,
}


def negotiate(tags: str) -> Language:
    """Return the catalogue for an `Accept-Language` header, a locale such as `zh_HK.UTF-8`, or anything else.

    The language with the highest weight that we have wins, the first of equals. Somebody whose device asks only
    for languages we do not have (Tagalog, Indonesian, …) gets English; nothing asked for is Chinese.
    """
    ours: list[tuple[float, Language]] = []
    asked = False
    for entry in tags[:1000].split(","):
        tag, _, parameter = entry.partition(";")
        tag = tag.strip().lower().replace("_", "-")
        weight = _weight(parameter)
        if not tag or tag == "*" or weight <= 0:
            continue
        asked = True
        language = _SPOKEN.get(tag.partition("-")[0].partition(".")[0])
        if language is not None:
            ours.append((weight, language))
    if not ours:
        return ENGLISH if asked else CHINESE
    return max(ours, key=lambda found: found[0])[1]


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
