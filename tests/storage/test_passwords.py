"""Passwords: long ones that nobody guesses first, in any script."""

from __future__ import annotations

import pytest

from storage.errors import UnfitPassword
from storage.passwords import check_password


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "too_short"),
        ("x1y2z3a4b5c6d7", "too_short"),  # 14
        ("\u0065\u0301" * 14, "too_short"),  # 28 code points, 14 letters
        ("long words " * 12, "too_long"),  # 132
        ("\ufdfa" * 15, "too_long"),  # 15 signs that NFKC writes out as 270
        ("passwordpassword", "known"),
        ("Correct-Horse Battery Staple!", "known"),
        ("correcthorsebatterystaple2026", "known"),
        ("ｑｗｅｒｔｙｕｉｏｐａｓｄｆｇ", "known"),
        ("kettle kettle kettle", "known"),
        ("---------------", "known"),
        ("a a a a a a a a a a", "known"),
        ("九龍九龍九龍九龍九龍九龍九龍九龍", "known"),
    ],
)
def test_a_password_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(UnfitPassword) as refused:
        check_password(password)
    assert refused.value.why == why
    assert password == "" or password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "x1y2z3a4b5c6d7e",  # 15
        "blue kettle under seven hills",
        "九龍皇后大道東的貓很愛吃魚乾呀",
        "𝄞😀🦊🐙🌋🧭🪁🎻🧵🪕🚲🛶🪴🧊🔭",
        "correct horse rides a tram home",
        "y" * 60 + "z" * 68,
        "\ud800 a lone surrogate is as good as any",
    ],
)
def test_a_long_password_in_any_script_is_taken(password: str) -> None:
    check_password(password)
