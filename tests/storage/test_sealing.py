"""Sealing: what opens, what never does, and that tomorrow's version still opens what this one made."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import sealing
from storage.casefile import Manifest, SealedAnswer
from storage.errors import BadFormat, CannotOpen, TooLong
from storage.recovery import RecoveryKey
from tests.storage import mutations, rfc9180

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "vectors" / "version_1.json").read_text("utf-8")
)
"""Made once by version 1 and never again: what is in here is in somebody's database."""

CHEAP = sealing.PasswordParameters(memory=64, passes=1, lanes=1)
KEY, PAIR = bytes(range(32)), sealing.key_pair_of(bytes(range(32)))
SIZES = [256, 1_024, 4_096, 16_384, 65_536, 262_144]

contexts = st.lists(st.one_of(st.text(max_size=8), st.binary(max_size=8), st.integers(-9, 9)), max_size=5)


def context_of(vector: dict[str, Any], name: str = "context") -> list[sealing.ContextPart]:
    return [bytes.fromhex(part["bytes"]) if isinstance(part, dict) else part for part in vector[name]]


def raw(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


# ------------------------------------------------------------------ frozen vectors


@pytest.mark.parametrize("vector", VECTORS["seal"])
def test_what_was_sealed_once_opens_for_ever(vector: dict[str, Any]) -> None:
    opened = sealing.open_sealed(raw(vector, "private"), raw(vector, "blob"), *context_of(vector))
    assert opened == raw(vector, "plaintext")


@pytest.mark.parametrize("vector", VECTORS["lock"])
def test_what_was_locked_once_opens_for_ever(vector: dict[str, Any]) -> None:
    opened = sealing.unlock(
        raw(vector, "key"), raw(vector, "blob"), *context_of(vector), padded=vector["padded"]
    )
    assert opened == raw(vector, "plaintext")


def test_contexts_are_written_as_they_always_were() -> None:
    for vector in VECTORS["encode"]:
        assert sealing.encode(*context_of(vector)) == raw(vector, "encoded")


def test_derived_keys_indexes_and_signatures_are_what_they_always_were() -> None:
    for vector in VECTORS["derive"]:
        assert sealing.derive(raw(vector, "key"), *context_of(vector)) == raw(vector, "derived")
    for vector in VECTORS["index"]:
        assert sealing.index(raw(vector, "key"), *context_of(vector)) == raw(vector, "index")
    for vector in VECTORS["sign"]:
        parts = context_of(vector, "parts")
        assert sealing.sign(raw(vector, "private"), *parts) == raw(vector, "signature")
        assert sealing.verify(raw(vector, "public"), raw(vector, "signature"), *parts)


@pytest.mark.parametrize("vector", VECTORS["password_keys"])
def test_a_password_gives_the_keys_it_always_gave(vector: dict[str, Any]) -> None:
    parameters = sealing.PasswordParameters(**vector["parameters"])
    keys = sealing.password_keys(vector["password"], raw(vector, "salt"), parameters)
    assert (keys.check, keys.wrap) == (raw(vector, "check"), raw(vector, "wrap"))


@pytest.mark.parametrize("vector", VECTORS["code_keys"])
def test_a_case_code_gives_the_keys_it_always_gave(vector: dict[str, Any]) -> None:
    parameters = sealing.PasswordParameters(**vector["parameters"])
    keys = sealing.code_keys(vector["code"], raw(vector, "salt"), parameters)
    assert (keys.lookup, keys.public, keys.private) == (
        raw(vector, "lookup"),
        raw(vector, "public"),
        raw(vector, "private"),
    )


def test_answers_manifests_and_recovery_keys_are_written_as_they_always_were() -> None:
    for vector in VECTORS["answer"]:
        answer = SealedAnswer(vector["value"], vector["how"], datetime.fromisoformat(vector["at"]))
        assert answer.to_bytes() == vector["bytes"].encode()
        assert SealedAnswer.from_bytes(vector["bytes"].encode()) == answer
    for vector in VECTORS["manifest"]:
        assert Manifest.from_bytes(vector["bytes"].encode()).to_bytes() == vector["bytes"].encode()
    for vector in VECTORS["recovery_key"]:
        assert RecoveryKey(raw(vector, "private")).text == vector["text"]


# ------------------------------------------------------------------ RFC 9180


def test_the_second_implementation_agrees_with_the_vector_of_the_rfc() -> None:
    """RFC 9180, appendix A.1.1: the suite that differs from ours in the length of the AES key alone."""
    opened = rfc9180.open_base(
        private=bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
        enc=bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
        ciphertext=bytes.fromhex(
            "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
        ),
        info=b"Ode on a Grecian Urn",
        aad=b"Count-0",
        aead=rfc9180.AES_128_GCM,
    )
    assert opened == b"Beauty is truth, truth beauty"


def test_what_we_seal_is_a_message_of_the_rfc() -> None:
    blob = sealing.seal(PAIR.public, b"a story", "answer", 1)
    opened = rfc9180.open_base(
        private=PAIR.private,
        enc=blob[1:33],
        ciphertext=blob[33:],
        info=sealing.encode("answer", 1),
        aad=b"",
        aead=rfc9180.AES_256_GCM,
    )
    assert opened == (7).to_bytes(4, "big") + b"a story" + bytes(245)


# ------------------------------------------------------------------ properties


@given(st.binary(max_size=5_000), contexts)
def test_what_is_sealed_or_locked_opens_with_its_key_and_context(plaintext: bytes, context: Any) -> None:
    assert sealing.open_sealed(PAIR.private, sealing.seal(PAIR.public, plaintext, *context), *context) == (
        plaintext
    )
    assert sealing.unlock(KEY, sealing.lock(KEY, plaintext, *context), *context) == plaintext


@given(contexts, contexts)
def test_another_context_never_opens(context: Any, other: Any) -> None:
    if context == other:
        return
    assert sealing.encode(*context) != sealing.encode(*other)
    with pytest.raises(CannotOpen):
        sealing.open_sealed(PAIR.private, sealing.seal(PAIR.public, b"x", *context), *other)
    with pytest.raises(CannotOpen):
        sealing.unlock(KEY, sealing.lock(KEY, b"x", *context), *other)


def test_another_key_never_opens() -> None:
    with pytest.raises(CannotOpen):
        sealing.open_sealed(sealing.new_key_pair().private, sealing.seal(PAIR.public, b"x"))
    with pytest.raises(CannotOpen):
        sealing.unlock(sealing.new_key(), sealing.lock(KEY, b"x"))


def test_an_altered_blob_never_opens() -> None:
    assert mutations.accepted(4_000, seed=9180) == 0


@given(st.binary(max_size=400))
def test_anything_that_is_no_blob_is_refused_with_one_of_two_errors(blob: bytes) -> None:
    for open_blob in (sealing.open_sealed, sealing.unlock):
        with pytest.raises((CannotOpen, BadFormat)):
            open_blob(KEY, blob)


@pytest.mark.parametrize("size", SIZES)
def test_a_plaintext_is_filled_up_so_that_its_length_says_little(size: int) -> None:
    overhead = len(sealing.seal(PAIR.public, b"")) - SIZES[0]
    assert len(sealing.seal(PAIR.public, b"x" * (size - 4))) == size + overhead
    if size < SIZES[-1]:
        assert len(sealing.seal(PAIR.public, b"x" * (size - 3))) > size + overhead


def test_a_plaintext_past_the_largest_size_is_refused() -> None:
    for close in (sealing.seal, sealing.lock):
        with pytest.raises(TooLong):
            close(PAIR.public, b"x" * (SIZES[-1] - 3))


def test_the_same_plaintext_never_looks_the_same_twice() -> None:
    for close in (sealing.seal, sealing.lock):
        assert close(PAIR.public, b"x") != close(PAIR.public, b"x")


NO_KEYS = [b"", b"short", bytes(33)]


@pytest.mark.parametrize("key", NO_KEYS)
@pytest.mark.parametrize(
    "use",
    [
        lambda key: sealing.seal(key, b"x"),
        lambda key: sealing.open_sealed(key, b"\x01" + bytes(300)),
        lambda key: sealing.lock(key, b"x"),
        lambda key: sealing.unlock(key, b"\x01" + bytes(300)),
        lambda key: sealing.sign(key, b"x"),
    ],
)
def test_what_is_no_key_is_refused(key: bytes, use: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadFormat):
        use(key)


def test_the_public_key_of_nobody_is_refused() -> None:
    with pytest.raises(BadFormat):
        sealing.seal(bytes(32), b"x")


def test_a_length_that_does_not_fit_is_no_padding_of_ours() -> None:
    for padded in ((253).to_bytes(4, "big") + bytes(252), bytes(255), b""):
        with pytest.raises(BadFormat):
            sealing.unlock(KEY, sealing.lock(KEY, padded, padded=False))


def test_an_id_tells_nothing_about_when_it_was_made() -> None:
    drawn = [sealing.new_id() for _ in range(50)]
    assert {len(each) for each in drawn} == {16}
    assert all(len({each[place : place + 4] for each in drawn}) == 50 for place in (0, 6, 12))


# ------------------------------------------------------------------ signatures, passwords


@given(contexts, contexts)
def test_a_signature_is_good_for_what_was_signed_alone(parts: Any, other: Any) -> None:
    pair = sealing.new_signing_key()
    signature = sealing.sign(pair.private, *parts)
    assert sealing.verify(pair.public, signature, *parts)
    assert sealing.verify(pair.public, signature, *other) == (parts == other)
    assert not sealing.verify(sealing.new_signing_key().public, signature, *parts)


@pytest.mark.parametrize(("public", "signature"), [(b"", b""), (bytes(32), bytes(64)), (b"x", bytes(63))])
def test_what_is_no_signature_is_not_valid(public: bytes, signature: bytes) -> None:
    assert not sealing.verify(public, signature, "case")


def test_a_password_is_the_same_in_every_unicode_form() -> None:
    composed = sealing.password_keys("Caf\u00e9 ﬁsh １２３", bytes(32), CHEAP)
    assert composed == sealing.password_keys("Cafe\u0301 fish 123", bytes(32), CHEAP)


@pytest.mark.parametrize("password", ["", "\ud800", "\x00", "x" * 100_000])
def test_no_password_breaks_the_derivation(password: str) -> None:
    assert len(sealing.password_keys(password, bytes(32), CHEAP).wrap) == 32


def test_a_guess_at_a_password_costs_what_the_threat_model_says() -> None:
    assert sealing.PASSWORD_PARAMETERS.as_dict() == {"memory": 64 * 1024, "passes": 3, "lanes": 4}


def test_no_more_than_two_passwords_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []
    most = []

    class Slow:
        def __init__(self, **_: object) -> None: ...

        def derive(self, _: bytes) -> bytes:
            at_work.append(1)
            most.append(len(at_work))
            time.sleep(0.02)
            at_work.pop()
            return bytes(32)

    monkeypatch.setattr(sealing, "Argon2id", Slow)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: sealing.password_keys("p", bytes(32), CHEAP), range(6)))
    assert max(most) == 2


def test_secrets_are_compared_in_a_time_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert sealing.same(b"a", b"a")
    assert not sealing.same(b"a", b"b")
    assert compared == [(b"a", b"a"), (b"a", b"b")]


def test_absurd_parameters_are_refused() -> None:
    for parameters in (sealing.PasswordParameters(0, 0, 0), sealing.PasswordParameters(8, 1, 4)):
        with pytest.raises(BadFormat):
            sealing.password_keys("password", bytes(32), parameters)


def test_no_secret_shows_in_a_repr() -> None:
    shown = repr(
        [sealing.key_pair_of(KEY), sealing.password_keys("p", KEY, CHEAP), sealing.code_keys("1", KEY, CHEAP)]
    )
    assert "private=" not in shown
    assert "wrap=" not in shown
    assert "lookup=" not in shown
