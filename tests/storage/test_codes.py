"""References say nothing, codes are sound and dear to guess, and no two people get one."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from flows.understanding.codes import is_sound
from storage.codes import (
    REFERENCE_LETTERS,
    TRIES_OF_ADDRESS,
    TRIES_OF_ALL,
    Codes,
    Tries,
    draw_code,
    draw_reference,
)
from tests.storage.building import CHEAP
from tests.storage.talking import NOW

SALT = b"s" * 32


@pytest.fixture
def codes() -> Codes:
    return Codes(lambda: SALT, CHEAP)


def test_a_reference_is_short_and_has_no_letter_that_is_mistaken_for_another() -> None:
    for _ in range(200):
        reference = draw_reference(lambda _: False)
        assert reference.startswith("TD-")
        assert len(reference) == 7
        assert not set(reference[3:]) & set("01AEIOULS")


def test_no_letter_of_a_reference_is_there_twice() -> None:
    assert len(set(REFERENCE_LETTERS)) == len(REFERENCE_LETTERS)


def test_references_grow_when_they_are_crowded() -> None:
    assert len(draw_reference(lambda reference: len(reference) < 9)) == 9


def test_a_code_has_16_digits_that_are_sound() -> None:
    drawn = {draw_code() for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(code) == 16 and code.isdecimal() and is_sound(code) for code in drawn)


def test_a_code_that_was_given_out_comes_with_its_keys_and_never_again(codes: Codes) -> None:
    codes.prepare()
    given = [codes.take() for _ in range(5)]
    assert len({code for code, _ in given}) == 5
    assert all(codes.keys_of(code).lookup == keys.lookup for code, keys in given)


def test_two_processes_never_give_out_the_same_code(codes: Codes) -> None:
    codes.prepare()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        codes.prepare()
        os.write(write, codes.take()[0].encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 16).decode() not in {codes.take()[0] for _ in range(2)}


def test_another_instance_derives_other_keys(codes: Codes) -> None:
    other = Codes(lambda: b"t" * 32, CHEAP)
    code = draw_code()
    assert codes.keys_of(code).lookup != other.keys_of(code).lookup


@pytest.mark.parametrize("written", ["{}", "my code is {}", " {}. ", "{}‏", "我的密碼 {}"])
def test_a_code_is_found_as_people_write_it(codes: Codes, written: str) -> None:
    code = draw_code()
    grouped = " ".join(code[n : n + 4] for n in range(0, 16, 4))
    for form in (
        code,
        grouped,
        grouped.replace(" ", "-"),
        code.translate({48 + n: 0xFF10 + n for n in range(10)}),
    ):
        found = codes.tried(written.format(form), "web", form, NOW)
        assert found is not None
        assert found[0] == code


@pytest.mark.parametrize("text", ["", "hello", "1234", "1234567890123456", "\ud800", "9" * 1_000_000])
def test_what_is_no_sound_code_is_not_looked_up(codes: Codes, text: str) -> None:
    assert codes.tried(text, "web", "a", NOW) is None


# ------------------------------------------------------------------ tries


def test_an_address_has_five_tries_an_hour() -> None:
    tries = Tries()
    allowed = [tries.allow("web", "a", NOW + timedelta(minutes=n)) for n in range(6)]
    assert allowed == [True] * TRIES_OF_ADDRESS + [False]
    assert tries.allow("web", "b", NOW + timedelta(minutes=6))
    assert tries.allow("telegram", "a", NOW + timedelta(minutes=6))
    assert not tries.allow("web", "a", NOW + timedelta(minutes=59, seconds=59))
    assert tries.allow("web", "a", NOW + timedelta(minutes=60))


def test_all_addresses_together_have_a_hundred_tries_an_hour() -> None:
    tries = Tries()
    assert all(tries.allow("web", f"{n}", NOW) for n in range(TRIES_OF_ALL))
    assert not tries.allow("web", "one more", NOW)
    assert tries.allow("web", "one more", NOW + timedelta(hours=1))


def test_the_tries_are_those_of_the_threat_model() -> None:
    assert (TRIES_OF_ADDRESS, TRIES_OF_ALL) == (5, 100)
