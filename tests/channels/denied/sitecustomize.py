"""Lets nothing out but to this machine, and tells who was called.

With this folder on `PYTHONPATH` every Python of a run imports it as it starts, and writes the hosts that it would have
called to the file that `CALLED` names. Standard library only.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

HERE = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0")


def deny(tell: Callable[[str], None], patch: Callable[[Any, str, Any], None] = setattr) -> None:
    """Refuse every connection, and every look-up of a name, that leads anywhere else.

    Args:
        tell: told of each host.
        patch: as `setattr`; pytest's own takes it back afterwards.
    """

    def refused(host: object) -> bool:
        host = host.decode() if isinstance(host, bytes) else host
        if host in HERE:
            return False
        tell(str(host))
        return True

    def leaving(name: str, place: int) -> None:
        """Look at the address that a method of sockets is given: the argument at `place`, from the front or the end."""
        leave = getattr(socket.socket, name)

        def only_here(self: socket.socket, *given: Any) -> Any:
            address = given[place] if given else None
            if self.family != socket.AF_UNIX and isinstance(address, tuple) and refused(address[0]):
                raise OSError("the network is denied")
            return leave(self, *given)

        patch(socket.socket, name, only_here)

    def looking_up(name: str) -> None:
        look_up = getattr(socket, name)

        def only_ours(host: Any, *rest: Any, **more: Any) -> Any:
            if refused(host):
                raise socket.gaierror("the network is denied")
            return look_up(host, *rest, **more)

        patch(socket, name, only_ours)

    for name, place in (("connect", 0), ("connect_ex", 0), ("sendto", -1), ("sendmsg", -1)):
        leaving(name, place)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        looking_up(name)


if "CALLED" in os.environ:

    def _note(host: str) -> None:
        with open(os.environ["CALLED"], "a", encoding="utf-8") as file:
            file.write(host + "\n")

    deny(_note)
