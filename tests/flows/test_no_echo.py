"""Promise P3: what the person wrote is confirmed at most in the reply to it, and never shown again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.vocabulary import Turn
from locales import Words
from tests.conversations.player import Player

WORDS = Words.load()

# Made-up words that no text of ours contains, so that finding one is finding an echo.
_marked = st.integers(10_000, 99_999).map(lambda number: f"zq{number}x")
_said = st.one_of(
    _marked.map(lambda mark: (mark, f"{mark}")),
    _marked.map(lambda mark: (mark, f"My {mark} did this to me in {mark} and I am afraid of {mark}")),
    _marked.map(lambda mark: (mark, f"https://{mark}.com/{mark}?id={mark}")),
    _marked.map(lambda mark: (mark, f"{mark}@{mark}.com")),
    st.integers(91_000_000, 91_999_999).map(lambda number: (str(number), str(number))),
)
_commands = st.sampled_from(
    [
        "help",
        "back",
        "skip",
        "why",
        "English",
        "中文",
        "真人",
        "stop",
        "delete",
        "no",
        "1",
        "2",
        "3",
        "1,2",
        "done",
    ]
)
_button = st.integers(0, 7)
_act = st.one_of(_said, _commands, _button)


def shown(turn: Turn) -> str:
    texts = [
        WORDS.say(language, say.id, say.params)
        for say in turn.reply.says
        for language in ("en", "zh_Hant_HK")
    ]
    texts += [
        WORDS.label(language, choice.label)
        for say in turn.reply.says
        for choice in say.choices
        for language in ("en", "zh_Hant_HK")
    ]
    return "\n".join(texts)


@settings(max_examples=150)
@given(
    st.sampled_from(["whose", "pronoun", "contact_method", "relationship", "story", "links", "review"]),
    st.booleans(),
    st.lists(
        st.tuples(_act, st.sampled_from([0.2, 0.2, 0.2, 31.0]), st.sampled_from(["text", "text", "edit"])),
        min_size=2,
        max_size=14,
    ),
)
def test_no_later_reply_contains_an_earlier_answer(
    step: str, reachable: bool, acts: list[tuple[object, float, str]]
) -> None:
    player = Player("whatsapp" if reachable else "web", reachable=reachable)
    player.reach(step)
    marks: list[str] = []
    for act, minutes, kind in acts:
        says = player.turns[-1].reply.says  # none, where a message is changed that nobody remembers
        choices = says[-1].choices if says else ()
        if isinstance(act, tuple):
            turn = player.hear(act[1], minutes=minutes, kind=kind)
        elif isinstance(act, int):
            turn = player.hear(choice=choices[act % len(choices)].id if choices else "done")
        else:
            turn = player.hear(str(act), minutes=minutes)
        text = shown(turn).replace(" ", "")
        said_now = act[0] if isinstance(act, tuple) else None
        assert not [mark for mark in marks if mark != said_now and mark in text]
        assert player.stored is None or not [mark for mark in marks if mark.encode() in player.stored]
        if isinstance(act, tuple):
            marks.append(act[0])
            assert player.stored is None or act[0].encode() not in player.stored, (
                "nothing is remembered of an answer"
            )


def test_the_reply_to_an_answer_may_confirm_it() -> None:
    player = Player()
    player.reach("name")
    assert "Kit" in shown(player.hear("Kit"))


def test_the_review_names_questions_and_counts_and_repeats_no_answer() -> None:
    player = Player()
    player.reach("review")
    text = shown(player.turns[-1])
    assert "example.com" not in text
    assert "somebody" not in text
