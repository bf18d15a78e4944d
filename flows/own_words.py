"""What somebody tells in their own words: the story, and the links, wherever they stand."""

from __future__ import annotations

from flows.asking import offered
from flows.scene import Scene
from flows.understanding import links as link_reader
from flows.understanding.choices import read_choice
from flows.understanding.commands import read_done, read_no_links
from flows.understanding.text import fold
from flows.vocabulary import LinkMark

MOST_LINKS = 200
"""Links a case. Source: the limits in `SECURITY.md`."""
PROSE_WORTH_KEEPING = 12
"""Characters around links from which they are kept as a note: shorter ones are "here" and "also"."""


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
    text = permitted(scene, text)
    if text:
        replaces = field == "story" and scene.conversation.detail == "replace"
        if replaces:
            scene.change(detail=None)
        sequences.append(scene.seal(field, text, "set" if replaces else "add"))
        scene.say(f"got.{field}")
    if found.links and "image_under_16" not in scene.conversation.flags:
        sequences += keep_links(scene, found)
    return tuple(sequences)


def permitted(scene: Scene, text: str) -> str:
    """Return what of a text may be kept: where somebody was under 16 in the images, no link, wherever it stands."""
    if "image_under_16" not in scene.conversation.flags:
        return text
    found = link_reader.read_links(text)
    if not (found.links or found.refused):
        return text
    scene.say("image_under_16.no_links")
    return found.prose


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
