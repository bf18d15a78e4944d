"""What is written down between two messages is read again as it was, or refused, and never replaced."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import memory
from flows.vocabulary import Choice, Conversation, Label, LinkMark, MessageId, Reply, Say, StepId

_name = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_conversations = st.builds(
    Conversation,
    step=_name.map(StepId),
    language=st.sampled_from([None, "en", "zh_Hant_HK"]),
    answered=st.lists(st.none() | _name).map(tuple),
    skipped=st.frozensets(_name),
    flags=st.frozensets(_name),
    links=st.lists(st.builds(LinkMark, _name, _name, _name)).map(tuple),
    detail=st.sampled_from([None, "phone", "replace"]),
    return_to=st.none() | _name.map(StepId),
    aside=st.none() | _name,
    misses=st.integers(0, 9),
    told=st.frozensets(_name),
    paused=st.booleans(),
    talking=st.booleans(),
    held=st.none() | _name,
    case=st.sampled_from([None, "draft", "linked", "code"]),
    heard_at=st.none() | st.integers(0, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
_conversations |= st.builds(Conversation.but, _conversations, instead=_conversations)
_label = _name.map(lambda name: Label(MessageId(name)))
_params = st.dictionaries(_name, st.one_of(_name, st.integers(), _label, st.lists(_label).map(tuple)))
_says = st.builds(
    Say,
    _name.map(MessageId),
    _params,
    st.lists(st.builds(Choice, _name, _name.map(MessageId))).map(tuple),
    st.booleans(),
)
_replies = st.builds(Reply, st.lists(_says).map(tuple), _name.map(StepId), st.sampled_from([None, "en"]))

# Written by the first version. It must be readable for as long as a conversation of that time can be alive.
FORM_1 = (
    b'{"form":1,"step":"links","language":"en","answered":["consent",null,"whose"],"skipped":["name"],'
    b'"flags":["threatened"],"links":[["a1","b2","social_media"]],"detail":"phone","return_to":"review",'
    b'"aside":"keep_text:3+4:1","misses":2,"told":["threats"],"paused":true,"case":"draft","heard_at":1795312800}'
)


@given(_conversations)
def test_a_conversation_is_read_as_it_was_written(conversation: Conversation) -> None:
    assert memory.load(memory.dump(conversation)) == conversation


@given(_replies)
def test_a_reply_is_read_as_it_was_written(reply: Reply) -> None:
    assert memory.load_reply(memory.dump_reply(reply)) == reply


def test_what_the_first_version_wrote_is_read() -> None:
    conversation = memory.load(FORM_1)
    assert conversation.answered == ("consent", None, "whose")
    assert conversation.links == (LinkMark("a1", "b2", "social_media"),)
    assert conversation.heard_at == datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    assert memory.load(memory.dump(conversation)) == conversation


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"\xff\xfe",
        json.dumps({"form": memory.FORM + 1}).encode(),
        json.dumps({"form": memory.FORM, "what is this": 1}).encode(),
        json.dumps({"form": memory.FORM, "links": [1]}).encode(),
    ],
)
def test_a_form_that_is_not_known_is_refused_and_quoted_nowhere(stored: bytes) -> None:
    for load in (memory.load, memory.load_reply):
        with pytest.raises(memory.Unreadable) as refused:
            load(stored)
        assert str(refused.value) in ("damaged", "unknown form")
        assert refused.value.__cause__ is None


def test_an_empty_conversation_takes_a_few_bytes() -> None:
    assert memory.dump(Conversation()) == b'{"form":1}'
