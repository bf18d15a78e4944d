"""The promises to a survivor (`SECURITY.md`), on the whole product and both databases."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from storage import schema
from storage.errors import CannotOpen
from storage.sealing import open_sealed, unlock
from tests.promises.conftest import TO_THE_STORY, Service, Visitor

CONVERSATIONS = int(os.environ.get("TADA_CONVERSATIONS", "200"))
"""Conversations that must leave nothing, on each database. The promise is tried with 10 000 of them in a long run."""

ENDS_WITHOUT_A_CASE: dict[str, tuple[dict[str, Any], ...]] = {
    "referred": ({"choice": "en"}, {"text": "I am 15, my canary-{n} is this"}),
    "referred by a number": ({"choice": "zh_Hant_HK"}, {"text": "canary-{n}"}, {"text": "十四歲"}),
    "declined": ({"choice": "en"}, {"choice": "16_or_above"}, {"text": "canary-{n}"}, {"choice": "decline"}),
    "third_party": (
        {"choice": "en"},
        {"choice": "16_or_above"},
        {"choice": "agree"},
        {"text": "canary-{n} is my sister, these are pictures of her"},
        {"choice": "other"},
        {"choice": "yes"},  # what was just written would be lost
    ),
}


def _end_without_a_case(visitor: Visitor, way: str, n: int) -> str:
    visitor.begin()
    for said in ENDS_WITHOUT_A_CASE[way]:
        filled = {key: value.format(n=n) for key, value in said.items()}
        if visitor.last.get("step") in ("referred", "declined", "third_party"):
            break
        visitor.send(filled)
    return str(visitor.last["step"])


def test_p1_under_16_or_not_agreeing_leaves_nothing_but_marks_and_counts(service: Service) -> None:
    each = CONVERSATIONS // len(ENDS_WITHOUT_A_CASE)
    visitor = service.visitor()
    for way in ENDS_WITHOUT_A_CASE:
        for n in range(each):
            assert _end_without_a_case(visitor, way, n) == way.split(" ")[0]
    with service.database.reading() as connection:
        for table in (schema.conversations, schema.cases, schema.answers, schema.manifests, schema.links):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name
        counted = dict(connection.execute(select(schema.counts.c.name, schema.counts.c.n)).all())
    assert counted["referred"] == 2 * each
    assert counted["declined"] == counted["third_party"] == each
    assert b"canary" not in service.everything_kept()


def test_p1_before_consent_a_row_holds_a_place_and_a_language_and_no_words(service: Service) -> None:
    visitor = service.visitor().begin()
    for text in ("canary one is my name", "my ex put canary two on https://canary.example/three", "canary4"):
        visitor.send({"text": text})
    visitor.send_all(
        {"choice": "en"}, {"text": "canary five"}, {"choice": "16_or_above"}, {"text": "canary6"}
    )
    assert b"canary" not in service.everything_kept()


CANARIES: tuple[dict[str, Any], ...] = (
    {"choice": "en"},
    {"choice": "16_or_above"},
    {"choice": "agree"},
    {"choice": "self"},
    {"choice": "yes"},
    {"choice": "self_described"},
    {"text": "canary/pronoun"},
    {"text": "canary name"},
    {"choice": "email"},
    {"text": "canary@canary-mail.example.com"},
    {"text": "only by canary pigeon, evenings"},
    {"text": "He was a canary breeder and we lived together for two years"},
    {"choice": "keep"},
    {"choice": "known_person"},
    {"choices": ["threatened", "taken_without_knowledge"]},
    {"choices": ["deepfake"]},
    {"text": "the canary sang all night"},
    {"choice": "done"},
    {"text": "https://canary-site.com/canary?canary=1 and the canary is yellow"},
    {"choice": "done"},
)


def test_p2_no_answer_can_be_found_in_files_log_or_later_replies(service: Service) -> None:
    visitor = service.visitor().begin()
    for said in CANARIES:
        before = visitor.last
        visitor.send(said)
        assert "canary" not in str(before.get("step"))
    assert visitor.last["step"] == "review"
    assert "canary" not in visitor.texts()
    assert b"canary" not in service.everything_kept()
    visitor.send({"choice": "submit"})
    assert "canary" not in visitor.texts()
    assert b"canary" not in service.everything_kept()

    (case,) = service.cases()
    fields = case.as_json()["fields"]
    assert fields["pronoun"] == "canary/pronoun"
    assert fields["name"] == "canary name"
    assert fields["contact_detail"] == "canary@canary-mail.example.com"
    assert "canary pigeon" in fields["contact_safety"]["text"]
    assert "canary breeder" in fields["story"]
    assert "the canary sang all night" in fields["story"]
    assert fields["background"] == ["taken_without_knowledge", "threatened"]
    assert [link.url for link in case.links] == ["https://canary-site.com/canary?canary=1"]


def test_p2_the_intake_given_all_it_holds_opens_no_answer_of_a_draft_or_a_case(service: Service) -> None:
    draft = service.visitor().begin()
    draft.send_all(*TO_THE_STORY, {"text": "canary of a draft"})
    done = service.visitor().begin()
    done.send_all(*TO_THE_STORY, {"text": "canary of a case"}, {"choice": "done"}, {"choice": "no_links"})
    done.send_all({"choice": "not_sure"}, {"choice": "submit"})
    keys = service.keys
    # Every secret of 32 bytes in the key directory, but for the one that the first colleague destroys.
    secrets = [*keys.living_epochs().values(), keys.signing_key, keys.code_salt, keys.desk_public[1]]
    with service.database.reading() as connection:
        cases = connection.execute(select(schema.cases)).all()
        answers = connection.execute(select(schema.answers)).all()
        conversations = connection.execute(select(schema.conversations)).all()
    assert len(cases) == 2
    assert len(answers) > 20
    secrets += [case.public_key for case in cases] + [row.lookup for row in conversations if row.lookup]
    fields = [step for case in CANARIES for step in case] + ["story", "name", "consent"]
    for answer in answers:
        for secret in secrets:
            for field in set(fields):
                with pytest.raises(CannotOpen):
                    open_sealed(secret, answer.sealed, "answer", 1, answer.case_id, field, answer.sequence)
            with pytest.raises(CannotOpen):
                unlock(secret, answer.sealed, "answer", 1, answer.case_id)


def test_p3_what_is_presented_again_holds_no_answer(service: Service) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY[:6])
    visitor.send({"text": "Canary"})
    assert "Canary" in visitor.texts()
    again = visitor.client.get("/chat/messages", headers={"Authorization": f"Bearer {visitor.token}"})
    assert again.status_code == 200
    assert "Canary" not in again.get_data(as_text=True)


def test_p4_erasing_destroys_the_draft_at_once(service: Service) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY, {"text": "a story"}, {"text": "delete everything"}, {"choice": "yes"})
    assert visitor.last["step"] == "erased"
    with service.database.reading() as connection:
        for table in (schema.conversations, schema.cases, schema.answers):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert visitor.post({"id": "later", "text": "hello"}).status_code == 401


def test_p5_a_right_code_and_a_wrong_one_get_the_same_words(service: Service) -> None:
    first = service.visitor().begin()
    first.send_all(*TO_THE_STORY, {"choice": "done"}, {"choice": "no_links"}, {"choice": "not_sure"})
    first.send({"choice": "submit"})
    code = "".join(character for character in first.texts() if character.isdigit())
    right = next(code[at : at + 16] for at in range(len(code)) if int(code[at : at + 16] or 0) % 97 == 1)
    fourteen = f"{int(right[:14]) ^ 1:014d}"
    wrong = fourteen + f"{98 - int(fourteen) * 100 % 97:02d}"
    said = []
    for tried in (right, wrong):
        visitor = service.visitor().begin()
        visitor.send_all({"choice": "en"}, {"text": tried})
        said.append((visitor.last["step"], visitor.texts()))
        visitor.send_all({"choice": "add_links"}, {"text": f"https://example.com/{tried[-2:]}"})
        visitor.send({"choice": "done"})
    assert said[0] == said[1]
    (case,) = service.cases()
    assert [link.url for link in case.links] == [f"https://example.com/{right[-2:]}"]


def test_p7_a_file_is_refused_and_nothing_of_it_is_read(service: Service) -> None:
    visitor = service.visitor().begin()
    answer = visitor.client.post(
        "/chat/messages",
        data={"picture": (__import__("io").BytesIO(b"canary"), "a.jpg")},
        headers={"Authorization": f"Bearer {visitor.token}"},
    )
    assert answer.status_code == 415
    assert b"canary" not in service.everything_kept()


def test_p8_sixty_four_parallel_messages_of_one_person_are_taken_one_at_a_time(service: Service) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY)
    pieces = [f"piece {number}" for number in range(64)]

    def send(number: int) -> int:
        own = Visitor(service.app.test_client(), visitor.token)
        return int(own.post({"id": f"parallel{number}", "text": pieces[number]}).status_code)

    with ThreadPoolExecutor(64) as pool:
        assert set(pool.map(send, range(64))) == {200}
    visitor.send_all({"choice": "done"}, {"choice": "no_links"}, {"choice": "not_sure"}, {"choice": "submit"})
    (case,) = service.cases()
    assert sorted(case.fields["story"].split("\n")) == sorted(pieces)


def test_p8_the_same_message_ten_times_at_once_is_taken_once_and_answered_alike(service: Service) -> None:
    visitor = service.visitor().begin()
    visitor.send_all(*TO_THE_STORY)
    start = threading.Barrier(10)

    def send(_: int) -> tuple[int, str]:
        own = Visitor(service.app.test_client(), visitor.token)
        start.wait()
        answer = own.post({"id": "thesame", "text": "said once"})
        return answer.status_code, answer.get_data(as_text=True)

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(send, range(10)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 200
    visitor.send_all({"choice": "done"}, {"choice": "no_links"}, {"choice": "not_sure"}, {"choice": "submit"})
    (case,) = service.cases()
    assert case.fields["story"] == "said once"
