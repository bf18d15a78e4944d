"""Every conversation in this folder goes as it is written, saved and opened again between its turns.

After a change that is meant: `python -m tests.conversations.rewrite`, then read the difference.
"""

import pytest

from tests.conversations.player import Scripted, new_player, observed, play_turn, scripted

SCRIPTS = list(scripted())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_conversation_goes_as_it_is_written(script: Scripted) -> None:
    player = new_player(script)
    for place, data in enumerate(script.data["turn"], 1):
        expected = {key: data[key] for key in ("says", "at", "records") if key in data}
        assert "says" in expected and "at" in expected, "every turn says what is answered and where it stands"
        seen = observed(play_turn(player, data))
        assert seen == expected, f"turn {place}: {data}"


def test_there_are_at_least_forty_and_each_says_what_it_shows() -> None:
    assert len(SCRIPTS) >= 40
    labels = [script.data["label"] for script in SCRIPTS]
    assert len(set(labels)) == len(labels)
