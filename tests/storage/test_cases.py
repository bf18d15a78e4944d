"""Cases at the desk: told in one piece when they are genuine, named and kept back when they are not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from storage import audit
from storage.cases import list_cases, open_case
from storage.errors import CaseDamaged, CaseNotFound, NotAllowed
from storage.keys import KeyDirectory
from storage.schema import answers, cases, links, manifests
from storage.schema import audit as audit_table
from storage.sealing import digest, new_key_pair, new_signing_key, seal, sign
from storage.staff import Caseworker
from storage.staffing import disable_staff
from tests.storage.building import NOW, BuiltCase, Given, Instance

LINK = {
    "url": "https://Example.com/a?b",
    "normalised": "example.com/a?b",
    "host": "example.com",
    "platform": "other",
}
PRIVATE = "canary-written-by-the-person"


@pytest.fixture
def built(instance: Instance) -> BuiltCase:
    """A case with two answers and a link, and a message that came later."""
    return (
        BuiltCase(instance)
        .submit([("name", PRIVATE), ("story", "one", "add"), ("links", [LINK], "add")], ["other"])
        .add([("story", "two", "add")], flags=("human",), reason="")
    )


# ------------------------------------------------------------------ what a case tells


def test_a_case_is_told_as_the_design_has_it(instance: Instance, mei: Caseworker) -> None:
    BuiltCase(instance).submit(
        [
            ("consent", {"version": "1", "language": "en", "at": NOW.isoformat()}),
            ("name", "阿欣"),
            ("relationship", None),
            ("background", ["threatened", "other"]),
            ("links", [LINK], "add"),
        ],
        ["other"],
        flags=("danger",),
        priority="urgent",
        reason="danger",
    )
    told = open_case(instance.database, instance.keys, mei, "TD-2345").as_json()
    [opening] = told.pop("opened")
    assert opening["staff"] == "Mei"
    assert told == {
        "reference": "TD-2345",
        "status": "queued",
        "priority": "urgent",
        "priority_reason": "danger",
        "language": "en",
        "channel": "web",
        "flags": ["danger"],
        "submitted_at": "2026-03-01T12:00:00+00:00",
        "fields": {
            "consent": {"version": "1", "language": "en", "at": "2026-03-01T12:00:00+00:00"},
            "name": "阿欣",
            "relationship": None,
            "background": ["threatened", "other"],
        },
        "links": [{**LINK, "status": "new"}],
        "messages": [],
    }


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ([("name", "A"), ("name", "B")], {"name": "B"}),
        ([("name", "A"), ("name", None)], {"name": None}),
        ([("story", "A", "add"), ("story", "B", "add")], {"story": "A\nB"}),
        ([("story", "A", "add"), ("story", "B"), ("story", "C", "add")], {"story": "B\nC"}),
        ([("story", None), ("story", "A", "add")], {"story": "A"}),
        ([("story", "A", "add"), ("story", None, "add")], {"story": "A"}),
        ([("x", ["a"], "add"), ("x", ["b", "c"], "add")], {"x": ["a", "b", "c"]}),
        ([("x", ["a"], "add"), ("x", "b", "add")], {"x": ["a", "b"]}),
        ([("links", None)], {"links": None}),
        ([("story", "\ud800 \x00 \u202e 😀", "add")], {"story": "\ud800 \x00 \u202e 😀"}),
        ([], {}),
    ],
)
def test_the_last_answer_counts_and_what_was_added_is_joined(
    instance: Instance, mei: Caseworker, given: Any, counts: dict[str, Any]
) -> None:
    BuiltCase(instance).submit(given)
    assert open_case(instance.database, instance.keys, mei, "TD-2345").fields == counts


def test_links_stand_with_their_status_in_the_order_they_came(instance: Instance, mei: Caseworker) -> None:
    given = [{**LINK, "url": f"https://example.com/{number}"} for number in range(4)]
    built = BuiltCase(instance).submit(
        [("links", given[:1], "add"), ("links", given[1:], "add")], ["other"] * 4
    )
    with instance.database.transaction() as connection:
        connection.execute(
            update(links).where(links.c.case_id == built.id, links.c.number == 2).values(status="removed")
        )
    told = open_case(instance.database, instance.keys, mei, "TD-2345").links
    assert [(link.url[-1], link.status) for link in told] == [
        ("0", "new"),
        ("1", "new"),
        ("2", "removed"),
        ("3", "new"),
    ]


def test_what_comes_after_submission_is_part_of_the_case(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    case = open_case(instance.database, instance.keys, mei, "TD-2345")
    assert case.fields == {"name": PRIVATE, "story": "one\ntwo"}
    assert (case.flags, case.priority_reason, case.submitted_at) == (("human",), "human", NOW)


@pytest.mark.parametrize(
    ("flags", "given", "later", "told"),
    [
        ((), [("image_age", "yes")], [("image_age", "no")], ("image_under_16",)),
        ((), [("image_age", "yes")], [("image_age", "unsure")], ("image_age_unsure",)),
        (("danger", "image_under_16"), [("image_age", "no")], [("image_age", "yes")], ("danger",)),
        ((), [("background", None)], [("background", ["threatened"])], ("threatened",)),
        (("threatened",), [("background", ["threatened"])], [("background", ["other"])], ()),
        (("threatened",), [("background", ["threatened"])], [("background", None)], ("threatened",)),
        ((), [], [("background", ["shared_without_knowledge"])], ()),
        ((), [], [("content", ["non_consensual_activity"])], ("non_consensual_activity",)),
        (("danger", "image_under_16"), [], [("name", "A")], ("danger", "image_under_16")),
    ],
)
def test_flags_follow_from_the_last_answers(
    instance: Instance, mei: Caseworker, flags: tuple[str, ...], given: Any, later: Any, told: tuple[str, ...]
) -> None:
    BuiltCase(instance).submit(given, flags=flags).add(later)
    assert open_case(instance.database, instance.keys, mei, "TD-2345").flags == told


@pytest.mark.parametrize(
    ("submitted", "later", "counts"),
    [
        (("normal", "none"), [("background", ["threatened"])], ("urgent", "threatened_not_published")),
        (
            ("normal", "none"),
            [("background", ["threatened", "shared_without_knowledge"])],
            ("normal", "none"),
        ),
        (("normal", "none"), [("content", ["non_consensual_activity"])], ("high", "non_consensual_activity")),
        (("normal", "none"), [("image_age", "no")], ("high", "image_under_16")),
        (("normal", "none"), [("links", [LINK] * 10, "add")], ("high", "many_links")),
        (("urgent", "danger"), [("image_age", "no")], ("urgent", "danger")),
    ],
)
def test_what_comes_later_can_make_a_case_more_urgent_and_never_less(
    instance: Instance, mei: Caseworker, submitted: tuple[str, str], later: Any, counts: tuple[str, str]
) -> None:
    priority, reason = submitted
    BuiltCase(instance).submit([], priority=priority, reason=reason).add(later)
    case = open_case(instance.database, instance.keys, mei, "TD-2345")
    assert (case.priority, case.priority_reason) == counts


def test_links_are_shown_to_nobody_where_the_person_was_under_16(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    told_freely = [
        ("story", "he put it on https://canary.com/1 and canary.com/2 last week"),
        ("links_note", "mine"),
        ("no_links", {"reason": "private_group", "where": "t.me/canary"}),
        ("contact_detail", "canary@example.com"),
    ]
    built.add(told_freely).add([("image_age", "no")])
    told = open_case(instance.database, instance.keys, mei, "TD-2345").as_json()
    assert (told["links"], told["links_withheld"]) == ([], 4)
    assert told["fields"]["no_links"] == {"reason": "private_group", "where": ""}
    assert told["fields"]["contact_detail"] == "canary@example.com"
    assert told["fields"]["links_note"] == "mine"
    assert "canary" not in told["fields"]["story"]
    assert "last week" in told["fields"]["story"]


def test_nor_are_they_in_what_was_said_one_after_the_other(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    said = "he put it on https://canary.com/1 last week"
    safety = {"times": ["evening"], "discreet_only": True, "text": said}
    told: list[Given] = [
        ("story", said, "add"),
        ("message", said, "add"),
        ("contact_safety", safety),
        ("pronoun", said),
    ]
    built.add([("name", "A.Li"), *told, ("image_age", "no")])
    case = open_case(instance.database, instance.keys, mei, "TD-2345")
    values = {each.field_id: str(each.answer.value) for each in case.given}
    assert set(values) == {"name", "image_age", *(name for name, *_ in told)}
    for name, *_ in told:
        assert "canary" not in values[name] + str(case.fields[name])
        assert "last week" in values[name]
    assert case.fields["name"] == "A.Li"
    assert case.fields["contact_safety"]["times"] == ["evening"]


def test_links_under_16_are_withheld_also_where_the_submission_has_them(
    instance: Instance, mei: Caseworker
) -> None:
    BuiltCase(instance).submit([("links", [LINK], "add")], ["other"], flags=("image_under_16",))
    case = open_case(instance.database, instance.keys, mei, "TD-2345")
    assert (case.links, case.links_withheld) == ((), 1)


def test_old_signatures_count_while_their_public_key_is_there(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    later = new_signing_key()
    (instance.keys.path / "intake.key").write_text(later.private.hex())
    new = instance.keys.path / "intake-2.pub"
    new.touch(mode=0o600)
    new.write_text(later.public.hex())
    built.instance = Instance(instance.database, KeyDirectory(instance.keys.path), instance.recovery_key)
    built.add([("story", "three", "add")])
    assert open_case(instance.database, instance.keys, mei, "TD-2345").fields["story"] == "one\ntwo\nthree"


# ------------------------------------------------------------------ who may open it, and the log


@pytest.mark.parametrize("typed", ["TD-2345", " td-2345 ", "ＴＤ－２３４５"])
def test_a_reference_is_found_however_it_is_typed(
    instance: Instance, mei: Caseworker, built: BuiltCase, typed: str
) -> None:
    assert open_case(instance.database, instance.keys, mei, typed).reference == "TD-2345"


@pytest.mark.parametrize("typed", ["", "TD-2346", "TD-2345\x00", "\ud800", "x" * 1_000_000, "%"])
def test_a_reference_of_no_case_is_not_found(
    instance: Instance, mei: Caseworker, built: BuiltCase, typed: str
) -> None:
    with pytest.raises(CaseNotFound):
        open_case(instance.database, instance.keys, mei, typed)


def test_a_draft_is_no_case_yet(instance: Instance, mei: Caseworker) -> None:
    BuiltCase(instance).submit([("name", PRIVATE)], state="draft")
    assert list_cases(instance.database, instance.keys, mei) == []
    with pytest.raises(CaseNotFound):
        open_case(instance.database, instance.keys, mei, "TD-2345")


def test_roles_that_do_not_read_open_nothing(instance: Instance, mei: Caseworker, built: BuiltCase) -> None:
    others = [instance.added(role, role, by=mei) for role in ("key_holder", "auditor", "administrator")]
    left = instance.added("left", "intake", by=mei)
    disable_staff(instance.database, "left", mei)
    for caseworker in (*others, left):
        with pytest.raises(NotAllowed):
            list_cases(instance.database, instance.keys, caseworker)
        with pytest.raises(NotAllowed):
            open_case(instance.database, instance.keys, caseworker, "TD-2345")


def test_every_opening_is_in_the_log_and_told_with_the_case(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    fong = instance.added("Fong", "intake", by=mei)
    open_case(instance.database, instance.keys, fong, "TD-2345")
    case = open_case(instance.database, instance.keys, mei, "TD-2345")
    assert [opening.name for opening in case.opened] == ["Fong", "Mei"]
    with instance.database.reading() as connection:
        logged = [
            (entry.staff, entry.event) for entry in audit.entries(connection, audit.subject_of(built.id))
        ]
        assert audit.first_broken(connection) is None
    assert logged == [(fong.id.hex(), "case_opened"), (mei.id.hex(), "case_opened")]


def test_an_opening_is_logged_before_anything_is_read(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    with instance.database.transaction() as connection:
        connection.execute(delete(manifests))
    with pytest.raises(CaseDamaged):
        open_case(instance.database, instance.keys, mei, "TD-2345")
    with instance.database.reading() as connection:
        assert len(list(audit.entries(connection, audit.subject_of(built.id)))) == 1


def test_a_page_that_looks_again_is_part_of_an_opening_for_a_quarter_of_an_hour(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    subject, now = audit.subject_of(built.id), datetime.now(UTC)
    for minutes, openings in ((16, 2), (14, 1)):
        with instance.database.transaction() as connection:
            connection.execute(delete(audit_table))
            audit.append(connection, now - timedelta(minutes=minutes), mei.id, "case_opened", subject)
        open_case(instance.database, instance.keys, mei, "TD-2345", follows=True)
        with instance.database.reading() as connection:
            assert len(list(audit.entries(connection, subject))) == openings, minutes


def test_a_case_shows_nothing_in_a_repr(instance: Instance, mei: Caseworker, built: BuiltCase) -> None:
    shown = repr(open_case(instance.database, instance.keys, mei, "TD-2345"))
    assert PRIVATE not in shown
    assert "example.com" not in shown


# ------------------------------------------------------------------ forged and altered


def other_public_key(built: BuiltCase) -> Any:
    return update(cases).values(public_key=new_key_pair().public)


def key_of_nobody(built: BuiltCase) -> Any:
    return update(cases).values(sealed_key=b"")


def own_key(built: BuiltCase) -> Any:
    """A key pair of the attacker's, sealed to the desk as the intake would."""
    desk = built.instance.keys.desk_public[1]
    private = new_key_pair().private
    return update(cases).values(sealed_key=seal(desk, private, "case-key", 1, built.id, 1))


def unknown_generation(built: BuiltCase) -> Any:
    return update(cases).values(generation=7)


def unsigned(built: BuiltCase) -> Any:
    return update(manifests).values(signature=b"")


def signed_by_somebody_else(built: BuiltCase) -> Any:
    signature = sign(new_signing_key().private, "case", built.id, built.pair.public, 0, b"")
    return update(manifests).where(manifests.c.number == 0).values(signature=signature)


def altered_manifest(built: BuiltCase) -> Any:
    sealed = seal(built.pair.public, b"{}", "manifest", 1, built.id, 0)
    return update(manifests).where(manifests.c.number == 0).values(sealed=sealed)


def no_manifest(built: BuiltCase) -> Any:
    return delete(manifests)


def first_manifest_dropped(built: BuiltCase) -> Any:
    return delete(manifests).where(manifests.c.number == 0)


def later_manifest_dropped(built: BuiltCase) -> Any:
    return delete(manifests).where(manifests.c.number == 1)


def manifest_renumbered(built: BuiltCase) -> Any:
    return update(manifests).where(manifests.c.number == 1).values(number=2)


def priority_lowered(built: BuiltCase) -> Any:
    return update(cases).values(priority="high")


def language_changed(built: BuiltCase) -> Any:
    return update(cases).values(language="zh_Hant_HK")


def channel_changed(built: BuiltCase) -> Any:
    return update(cases).values(channel=None)


def answer_altered(built: BuiltCase) -> Any:
    """Sealed well, to the right key, in the right context: anybody can, as the key is public."""
    plaintext = b'{"value": "forged", "how": "set", "at": "2026-03-01T12:00:00+00:00"}'
    sealed = seal(built.pair.public, plaintext, "answer", 1, built.id, "name", 0)
    return update(answers).where(answers.c.sequence == 0).values(sealed=sealed)


def answer_dropped(built: BuiltCase) -> Any:
    return delete(answers).where(answers.c.sequence == 1)


def last_answer_dropped(built: BuiltCase) -> Any:
    return delete(answers).where(answers.c.sequence == 3)


def answer_moved(built: BuiltCase) -> Any:
    return update(answers).where(answers.c.sequence == 0).values(sequence=9)


def answer_added(built: BuiltCase) -> Any:
    return insert(answers).values(case_id=built.id, sequence=9, sealed=b"\x01")


FORGERIES: dict[str, list[Callable[[BuiltCase], Any]]] = {
    "key": [other_public_key, key_of_nobody, own_key, unknown_generation],
    "signature": [unsigned, signed_by_somebody_else, altered_manifest],
    "manifest": [no_manifest, first_manifest_dropped, manifest_renumbered],
    "label": [priority_lowered, language_changed, channel_changed],
    "answers": [
        later_manifest_dropped,
        answer_altered,
        answer_dropped,
        last_answer_dropped,
        answer_moved,
        answer_added,
    ],
}


@pytest.mark.parametrize(
    ("check", "forge"), [(check, forge) for check, forgeries in FORGERIES.items() for forge in forgeries]
)
def test_a_forged_case_is_named_and_nothing_of_it_is_shown(
    instance: Instance, mei: Caseworker, built: BuiltCase, check: str, forge: Callable[[BuiltCase], Any]
) -> None:
    with instance.database.transaction() as connection:
        connection.execute(forge(built))
    with pytest.raises(CaseDamaged) as damaged:
        open_case(instance.database, instance.keys, mei, "TD-2345")
    assert damaged.value.check == check
    assert PRIVATE not in str(damaged.value)
    assert damaged.value.__cause__ is None
    [line] = list_cases(instance.database, instance.keys, mei)
    if check == "answers" or forge is manifest_renumbered:
        assert line.damaged is None  # the queue opens the first manifest alone
    else:
        assert (line.damaged, line.flags, line.submitted_at) == (check, (), None)


def test_a_last_message_that_was_read_and_is_cut_off_is_missed(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    open_case(instance.database, instance.keys, mei, "TD-2345")
    with instance.database.transaction() as connection:
        last = select(func.max(manifests.c.number)).scalar_subquery()
        listed = connection.execute(select(answers.c.sequence).order_by(answers.c.sequence.desc())).first()
        assert listed is not None
        connection.execute(delete(answers).where(answers.c.sequence == listed.sequence))
        connection.execute(delete(manifests).where(manifests.c.number == last))
    for _ in range(2):
        with pytest.raises(CaseDamaged) as damaged:
            open_case(instance.database, instance.keys, mei, "TD-2345")
        assert damaged.value.check == "manifest"


def test_a_later_message_put_in_from_a_copy_that_went_another_way_is_noticed(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    """Whoever has a database from before a restore has two messages that are signed, with the same number."""
    here = select(manifests).where(manifests.c.number == 1)
    with instance.database.transaction() as connection:
        other = dict(connection.execute(here).one()._mapping)
        other_answer = connection.execute(
            select(answers.c.sealed).where(answers.c.sequence == 3)
        ).scalar_one()
        connection.execute(delete(manifests).where(manifests.c.number == 1))
        connection.execute(delete(answers).where(answers.c.sequence == 3))
        first = connection.execute(select(manifests.c.signature)).scalar_one()
    built.previous, built.number, built.sequence = digest(first), 1, 3
    built.add([("story", "another two", "add")]).add([("story", "three", "add")])
    assert (
        open_case(instance.database, instance.keys, mei, "TD-2345").fields["story"]
        == "one\nanother two\nthree"
    )
    with instance.database.transaction() as connection:
        connection.execute(update(manifests).where(manifests.c.number == 1).values(**other))
        connection.execute(update(answers).where(answers.c.sequence == 3).values(sealed=other_answer))
    with pytest.raises(CaseDamaged, match="manifest"):
        open_case(instance.database, instance.keys, mei, "TD-2345")


def test_two_answers_that_change_places_are_noticed(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    with instance.database.transaction() as connection:
        rows = connection.execute(select(answers.c.sequence, answers.c.sealed)).all()
        sealed = {row.sequence: row.sealed for row in rows}
        for here, there in ((0, 1), (1, 0)):
            connection.execute(update(answers).where(answers.c.sequence == here).values(sealed=sealed[there]))
    with pytest.raises(CaseDamaged, match="answers"):
        open_case(instance.database, instance.keys, mei, "TD-2345")


def test_two_cases_that_change_places_in_the_queue_are_noticed(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    BuiltCase(instance, "TD-6789").submit([("name", "other")])
    with instance.database.transaction() as connection:
        for now, then in (("TD-2345", "TD-XXXX"), ("TD-6789", "TD-2345"), ("TD-XXXX", "TD-6789")):
            connection.execute(update(cases).where(cases.c.reference == now).values(reference=then))
    for reference in ("TD-2345", "TD-6789"):
        with pytest.raises(CaseDamaged, match="label"):
            open_case(instance.database, instance.keys, mei, reference)
    assert [line.damaged for line in list_cases(instance.database, instance.keys, mei)] == ["label", "label"]


def test_a_case_of_the_first_version_opens_whose_label_was_not_signed(
    instance: Instance, mei: Caseworker
) -> None:
    BuiltCase(instance).submit([("name", PRIVATE)], labelled=False).add([("name", "B")])
    assert open_case(instance.database, instance.keys, mei, "TD-2345").fields == {"name": "B"}
    [line] = list_cases(instance.database, instance.keys, mei)
    assert line.damaged is None


def test_a_whole_case_under_another_ones_reference_is_noticed_by_its_key(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    """The rows of one case written over those of another, as the database would let somebody do."""
    other = BuiltCase(instance, "TD-6789").submit([("name", "other")])
    with instance.database.transaction() as connection:
        taken = connection.execute(select(cases).where(cases.c.id == other.id)).one()
        connection.execute(
            update(cases)
            .where(cases.c.id == built.id)
            .values(sealed_key=taken.sealed_key, public_key=taken.public_key)
        )
    with pytest.raises(CaseDamaged, match="key"):
        open_case(instance.database, instance.keys, mei, "TD-2345")


# ------------------------------------------------------------------ the queue


def test_the_queue_has_the_raised_first_then_by_priority_then_by_age(
    instance: Instance, mei: Caseworker
) -> None:
    queue: list[tuple[str, str, int, dict[str, Any]]] = [
        ("TD-2222", "normal", 3, {}),
        ("TD-3333", "high", 1, {}),
        ("TD-4444", "high", 2, {}),
        ("TD-5555", "urgent", 0, {}),
        ("TD-6666", "normal", 0, {"raised": True}),
        ("TD-7777", "urgent", 9, {"state": "closed"}),
        ("TD-8888", "normal", 2, {"state": "claimed"}),
    ]
    for reference, priority, days, columns in queue:
        at = NOW - timedelta(days=days)
        BuiltCase(instance, reference).submit([], priority=priority, at=at, **columns)
    listed = list_cases(instance.database, instance.keys, mei)
    order = ["TD-6666", "TD-5555", "TD-4444", "TD-3333", "TD-2222", "TD-8888", "TD-7777"]
    assert [line.reference for line in listed] == order
    assert [line.reference for line in list_cases(instance.database, instance.keys, mei, limit=2)] == order[
        :2
    ]


def test_a_line_of_the_queue_is_told_without_any_answer(
    instance: Instance, mei: Caseworker, built: BuiltCase
) -> None:
    [line] = list_cases(instance.database, instance.keys, mei)
    assert line.as_json() == {
        "reference": "TD-2345",
        "status": "queued",
        "priority": "normal",
        "priority_reason": "normal",
        "language": "en",
        "channel": "web",
        "flags": [],
        "raised": False,
        "submitted_at": "2026-03-01T12:00:00+00:00",
        "damaged": None,
    }


def test_looking_at_the_queue_is_in_the_log(instance: Instance, mei: Caseworker) -> None:
    list_cases(instance.database, instance.keys, mei)
    with instance.database.reading() as connection:
        *_, last = audit.entries(connection)
    assert (last.staff, last.event, last.subject) == (mei.id.hex(), "cases_listed", None)


def test_fifty_cases_are_listed_in_a_moment(instance: Instance, mei: Caseworker) -> None:
    for number in range(50):
        BuiltCase(instance, f"TD-{number:04}").submit([("name", "x")])
    began = time.perf_counter()
    assert len(list_cases(instance.database, instance.keys, mei)) == 50
    assert time.perf_counter() - began < 1
