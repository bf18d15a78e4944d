"""Alter sealed and locked blobs in every way that comes to mind; none of them may open.

The suite tries a few thousand. The long run, a million and about a minute: `python -m tests.storage.mutations`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

from storage.errors import BadFormat, CannotOpen
from storage.sealing import lock, new_key, new_key_pair, open_sealed, seal, unlock

CONTEXT = ("answer", 1, b"0123456789abcdef", "story", 3)


def altered(blob: bytes, chance: random.Random) -> bytes:
    """Return a blob that differs from this one: a bit, a byte, a run, the length, or the order."""
    while True:
        mutant = bytearray(blob)
        at = chance.randrange(len(mutant))
        match chance.randrange(6):
            case 0:
                mutant[at] ^= 1 << chance.randrange(8)
            case 1:
                mutant[at] = chance.randrange(256)
            case 2:
                mutant[at : at + chance.randint(1, 64)] = chance.randbytes(chance.randint(1, 64))
            case 3:
                del mutant[at:]
            case 4:
                mutant += chance.randbytes(chance.randint(1, 300))
            case _:
                mutant = mutant[at:] + mutant[:at]
        if mutant != blob:
            return bytes(mutant)


def accepted(count: int, seed: int) -> int:
    """Try `count` altered blobs, half of them sealed and half locked; return how many opened."""
    chance, pair, key = random.Random(seed), new_key_pair(), new_key()
    ways: list[tuple[bytes, Callable[[bytes], bytes]]] = [
        (
            seal(pair.public, b"a story", *CONTEXT),
            lambda blob: open_sealed(pair.private, blob, *CONTEXT),
        ),
        (lock(key, b"a state", *CONTEXT), lambda blob: unlock(key, blob, *CONTEXT)),
    ]
    opened = 0
    for number in range(count):
        blob, open_blob = ways[number % len(ways)]
        try:
            open_blob(altered(blob, chance))
        except (CannotOpen, BadFormat):
            continue
        opened += 1
    return opened


if __name__ == "__main__":
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    found = accepted(tries, seed=random.SystemRandom().randrange(2**32))
    sys.stdout.write(f"{tries} altered blobs, {found} opened\n")
    sys.exit(bool(found))
