"""Reading the answer to the question that stands, and what it leads to.

Each `answer_…` reads one kind of answer (`Step.takes`) and returns whether it understood. What it
understood is sealed and the way followed; what it did not is for `flows.turn` to say kindly.
"""

from __future__ import annotations

from flows.asking import offered
from flows.choices import NEEDS_DETAIL
from flows.priority import flags_of_background, flags_of_content, flags_of_image_age
from flows.scene import Scene, choice_label, labels_of
from flows.understanding import links as link_reader
from flows.understanding.ages import Age, read_age, read_image_age
from flows.understanding.choices import (
    only_agrees,
    only_denies,
    read_choice,
    read_choices,
    read_consent,
    would_rather_not,
)
from flows.understanding.commands import is_greeting, is_thanks, read_done, read_no_links
from flows.understanding.contacts import Problem, read_contact
from flows.understanding.names import read_name
from flows.understanding.safety import Safety, safety_from_choices, safety_from_text
from flows.understanding.text import fold
from flows.vocabulary import CHINESE, ENGLISH, Consented, Label, LinkMark

CONSENT_VERSION = "2026-11-22.2"
"""The wording of `ask.consent` and `consent.more` that a person agrees to. Change it with them."""

MOST_LINKS = 200
"""Links a case: `conversation.md`, Links."""
LONGEST_NAME = 80
"""Characters of `name`."""
PROSE_WORTH_KEEPING = 12
"""Characters around links from which they are kept as a note: shorter ones are "here" and "also"."""


def _one_of(scene: Scene) -> str | None:
    """Return the chosen id of a question with one answer."""
    if scene.pressed is not None:
        return scene.pressed[0] if len(scene.pressed) == 1 and scene.pressed[0] in offered(scene) else None
    step = scene.conversation.step
    if step == "age":
        read = read_age(scene.text, scene.today)
        return {Age.SIXTEEN_OR_ABOVE: "16_or_above", Age.UNDER_16: "under_16"}.get(read)
    if step == "image_age":
        return read_image_age(scene.text) or read_choice(scene.text, step)
    return read_choice(scene.text, step, offered(scene))


def answer_one(scene: Scene) -> bool:
    chosen = _one_of(scene)
    if chosen is None:
        return False
    step = scene.conversation.step
    if step == "language":
        scene.change(language=CHINESE if chosen == CHINESE else ENGLISH)
        scene.forward()
    elif step == "age":
        if chosen == "under_16":
            scene.end("under_16", "end.referred")
        else:
            scene.forward()
    elif step == "whose":
        _answer_whose(scene, chosen)
    elif step == "image_age":
        _answer_image_age(scene, chosen)
    elif step == "pronoun" and chosen == "self_described":
        scene.change(aside="pronoun_typed", misses=0)
    elif step == "contact_method":
        _answer_contact_method(scene, chosen)
    else:
        scene.seal(step, chosen)
        scene.say("got.choice", answer=Label(choice_label(step, chosen)))
        scene.forward()
    return True


def _answer_whose(scene: Scene, chosen: str) -> None:
    if chosen == "other":
        if {*scene.conversation.answered} - {"consent", "whose", None}:
            # There is something to lose, and a slip would lose it.
            scene.change(aside="third_party", misses=0)
        else:
            scene.end("third_party", "end.third_party")
        return
    scene.seal("whose", chosen)
    with_permission = chosen == "other_with_permission"
    scene.flag(
        off=["other_with_permission"],
        on=["other_with_permission"] if with_permission else [],
    )
    scene.say(f"got.whose.{chosen}")
    scene.forward()


def _answer_image_age(scene: Scene, chosen: str) -> None:
    scene.seal("image_age", chosen)
    scene.flag(off=["image_under_16", "image_age_unsure"], on=flags_of_image_age(chosen))
    if chosen == "no":
        if scene.conversation.links:
            # Links given before are not to be passed on either.
            scene.seal("links", [])
            scene.change(links=())
        scene.say("image_under_16")
    else:
        scene.say(f"got.image_age.{chosen}")
    scene.forward()


def _answer_contact_method(scene: Scene, chosen: str) -> None:
    scene.seal("contact_method", chosen)
    kind = NEEDS_DETAIL.get(chosen)
    scene.change(detail=kind)
    # Only this much of the answer decides what happens after submission.
    scene.flag(off=["this_chat"], on=["this_chat"] if chosen == "this_chat" else [])
    if kind is None and "contact_detail" in scene.conversation.answered:
        scene.seal("contact_detail", None)
    if chosen == "case_code":
        scene.say("got.contact_method.case_code")
    else:
        scene.say("got.choice", answer=Label(choice_label("contact_method", chosen)))
    scene.forward()


def answer_several(scene: Scene) -> bool:
    step = scene.conversation.step
    if scene.pressed is not None:
        wanted = set(scene.pressed)
        if not wanted or not wanted <= set(offered(scene)):
            return False
        chosen = tuple(choice for choice in offered(scene) if choice in wanted)
    else:
        read = read_choices(scene.text, step, offered(scene))
        if not read:
            return False
        chosen = read
    scene.seal(step, list(chosen))
    confirmed = "got.choices.content" if step == "content" else "got.choices"
    scene.say(confirmed, answers=labels_of(step, chosen))
    if step == "background":
        scene.flag(off=["threatened", "shared"], on=flags_of_background(chosen))
        if "threatened" in chosen and "threats" not in scene.conversation.told:
            scene.change(told=scene.conversation.told | {"threats"})
            scene.say("advice.threats")
    elif step == "content":
        scene.flag(off=["non_consensual_activity"], on=flags_of_content(chosen))
    scene.forward()
    return True


def answer_text(scene: Scene) -> bool:
    if would_rather_not(scene.text) or only_denies(scene.text):
        scene.skip()
        return True
    name = read_name(scene.text)
    if only_agrees(name) or is_greeting(name) or is_thanks(name):
        return False
    if not any(character.isalnum() for character in name):
        return False
    if len(name) > LONGEST_NAME:
        scene.say("name.too_long")
        return True
    scene.seal(scene.conversation.step, name)
    scene.say("got.name", name=name)
    scene.forward()
    return True


def answer_consent(scene: Scene) -> bool:
    read = scene.pressed[0] if scene.pressed and len(scene.pressed) == 1 else None
    if scene.pressed is None:
        read = read_consent(scene.text)
    if read == "agree":
        if not scene.consented:
            language = scene.conversation.language or ENGLISH
            scene.records.append(Consented(CONSENT_VERSION, language))
            scene.change(case="draft")
            scene.counts.append("consented")
            scene.seal("consent", {"version": CONSENT_VERSION, "language": language, "at": _at(scene)})
        scene.say("got.consent")
        scene.forward()
    elif read == "decline":
        scene.end("declined", "end.declined")
    elif read == "more":
        scene.say("consent.more")
    else:
        return False
    return True


def answer_detail(scene: Scene) -> bool:
    kind = scene.conversation.detail
    if kind is None or kind == "replace" or not scene.text:
        return False
    read = read_contact(kind, scene.text)
    if isinstance(read, Problem):
        scene.say(f"contact.problem.{read}")
        scene.change(misses=scene.conversation.misses + 1)
        if scene.conversation.misses % 2 == 0:
            scene.say("contact.problem.offer")
        return True
    scene.seal("contact_detail", read.value)
    scene.change(detail=None)
    scene.say("got.contact_detail", detail=read.shown)
    scene.forward()
    return True


def answer_safety(scene: Scene) -> bool:
    if scene.pressed is not None:
        if not scene.pressed or not set(scene.pressed) <= set(offered(scene)):
            return False
        safety = safety_from_choices(scene.pressed)
    elif would_rather_not(scene.text):
        scene.skip()
        return True
    elif only_denies(scene.text) or only_agrees(scene.text):
        # A bare "no" may say that it is never safe, and may not: neither is to be guessed.
        return False
    elif is_greeting(scene.text) or is_thanks(scene.text):
        return False
    elif any(character.isalnum() for character in scene.text):
        safety = safety_from_text(scene.text)
    else:
        return False
    scene.seal("contact_safety", _safety_value(safety))
    chosen = (*safety.times, *(("discreet_only",) if safety.discreet_only else ()))
    if safety.text is not None:
        scene.say("got.contact_safety.text", text=safety.text)
    else:
        scene.say("got.contact_safety", answers=labels_of("contact_safety", chosen))
    scene.forward()
    return True


def _safety_value(safety: Safety) -> dict[str, object]:
    return {"times": list(safety.times), "discreet_only": safety.discreet_only, "text": safety.text}


def answer_story(scene: Scene) -> bool:
    if scene.pressed == ("done",) or (scene.pressed is None and _is_done(scene)):
        if "story" not in scene.conversation.answered:
            scene.seal("story", None)
        scene.say("got.story.done")
        scene.forward()
        return True
    if scene.pressed is not None or not scene.text:
        return False
    keep_story(scene, scene.text)
    return True


def _is_done(scene: Scene) -> bool:
    """Whether a text under the story says that it is told: in words, or by the number of the button."""
    return read_done(scene.text) or fold(scene.text) == "1"


def keep_story(scene: Scene, text: str, field: str = "story") -> tuple[int, ...]:
    """Seal a piece of the story, and the links in it as links. Return the sequence numbers used."""
    found = link_reader.read_links(text)
    sequences = []
    if "image_under_16" in scene.conversation.flags and (found.links or found.refused):
        scene.say("image_under_16.no_links")
        text = found.prose
    if text:
        replaces = field == "story" and scene.conversation.detail == "replace"
        if replaces:
            scene.change(detail=None)
        sequences.append(scene.seal(field, text, "set" if replaces else "add"))
        scene.say(f"got.{field}")
    if found.links and "image_under_16" not in scene.conversation.flags:
        sequences += keep_links(scene, found)
    return tuple(sequences)


def hush(scene: Scene, said: int) -> None:
    """Take back what was said of something kept, after the first `said`; what the law forbids to keep stays said."""
    scene.says[said:] = [say for say in scene.says[said:] if say.id == "image_under_16.no_links"]


def answer_links(scene: Scene) -> bool:
    conversation = scene.conversation
    if scene.pressed is None:
        found = link_reader.read_links(scene.text)
        if found.links or found.refused:
            keep_links(scene, found)
            if len(found.prose) >= PROSE_WORTH_KEEPING and found.links:
                scene.seal("links_note", found.prose, "add")
            return True
    choice = scene.pressed[0] if scene.pressed else read_choice(scene.text, "links", offered(scene))
    if scene.pressed is None and choice is None:
        if read_done(scene.text):
            choice = "done"
        elif read_no_links(scene.text):
            choice = "no_links"
    if choice == "clear" and conversation.links:
        scene.seal("links", [])
        scene.change(links=())
        scene.say("links.cleared")
    elif choice in ("done", "no_links"):
        if conversation.links or conversation.return_to == "submitted":
            _offer_hash_tools(scene)
            scene.forward()
        else:
            scene.change(aside="no_links", misses=0)
    else:
        return False
    return True


def keep_links(scene: Scene, found: link_reader.LinksRead) -> tuple[int, ...]:
    """Seal the links that are new and say how many were new, known, refused, or past the limit."""
    known = {mark.link for mark in scene.conversation.links}
    room = MOST_LINKS - len(scene.conversation.links)
    fresh: list[tuple[link_reader.Link, LinkMark]] = []
    again = found.repeated
    for link in found.links:
        mark = LinkMark(
            scene.outside.fingerprint(link.normalised), scene.outside.fingerprint(link.site), link.platform
        )
        if mark.link in known:
            again += 1
        else:
            known.add(mark.link)
            fresh.append((link, mark))
    taken, over = fresh[:room], fresh[room:]
    sequences: tuple[int, ...] = ()
    if taken:
        value = [
            {"url": link.url, "normalised": link.normalised, "host": link.host, "platform": link.platform}
            for link, _ in taken
        ]
        scene.change(links=(*scene.conversation.links, *(mark for _, mark in taken)))
        sequences = (scene.seal("links", value, "add"),)
        scene.note_platforms(tuple(mark.platform for _, mark in taken))
        hosts = list(dict.fromkeys(link.host for link, _ in taken))
        # Many names on one line hide the count they stand for.
        named = ", ".join(hosts[:5]) + (" …" if len(hosts) > 5 else "")
        scene.say("got.links", n=len(taken), hosts=named)
    if again:
        scene.say("links.again", n=again)
    for refusal in dict.fromkeys(found.refused):
        scene.say(f"links.refused.{refusal}")
    if over:
        scene.say("links.full", n=len(over), limit=MOST_LINKS)
    return sequences


def _offer_hash_tools(scene: Scene) -> None:
    if "threatened" in scene.conversation.flags and "hash_tools" not in scene.conversation.told:
        offer_hash_tools(scene)


def offer_hash_tools(scene: Scene) -> None:
    """Say once that there are tools that keep an image from being uploaded again."""
    if "hash_tools" not in scene.conversation.told:
        scene.change(told=scene.conversation.told | {"hash_tools"})
        scene.say("advice.hash_tools")


def _at(scene: Scene) -> str:
    return scene.now.isoformat(timespec="seconds")
