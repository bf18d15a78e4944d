"""`tada serve`: the web chat and the background work beside it, kept alive by one command."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shlex
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import click

from logs import keep_logs
from settings import Settings
from tada.instance import Instance, pass_instance
from tada.staff import desk_address
from tada.supervisor import Program, keep_running

PROCESSES = min((os.cpu_count() or 1) + 1, 8)
"""Of the chat. In each but one thread at a time runs Python, and loses some of its time handing on to the next: one process
more than there are cores uses it (`docs/performance.md`)."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option(
    "--surface",
    type=click.Choice(["intake", "desk", "all"]),
    help="What to serve: intake is the chat, desk the caseworkers' pages. Otherwise TADA_SURFACE, or both.",
)
@click.option(
    "--desk-port",
    type=click.IntRange(1, 65535),
    help="Port of the desk beside the chat.  [default: the one after --port]",
)
@click.option(
    "--processes",
    default=PROCESSES,
    show_default="one more than there are cores, at most 8",
    type=click.IntRange(1, 64),
    help="Processes of the chat.",
)
@pass_instance
def serve(
    instance: Instance, host: str, port: int, surface: str | None, desk_port: int | None, processes: int
) -> None:
    """Serve the web chat and the caseworkers' desk, until Ctrl-C.

    The chat and the desk are programs of their own, so that no key which opens a case is ever in the memory of
    the one that talks to people. The background work is done beside them, and all are kept alive.

    \b
    Examples:
      tada serve
      tada serve --host 0.0.0.0 --port 8080
    """
    desk_port = desk_port or (port % 65535 + 1)
    for each in (port, desk_port):
        _check_free(host, each)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # memory holds what people write; a dump would keep it
    keep_logs()
    # A passkey belongs to a name, and to no number.
    desk_host = "localhost" if _for_address(host) == "127.0.0.1" else _for_address(host)
    instance = _with_addresses(instance, surface, f"http://{desk_host}:{desk_port}")
    settings = instance.settings
    chat, desk = settings.surface != "desk", settings.surface != "intake"
    ports = [port] * chat + [desk_port] * desk
    address = f"http://{_for_address(host)}:{ports[0]}"
    with tempfile.TemporaryDirectory(prefix="tada-metrics-") as metrics:
        environment = {
            # Each thread would otherwise hold memory of its own that it does not give back; and what working out
            # the keys of a case code takes, 8 MiB at a time, would be kept for ever.
            "MALLOC_ARENA_MAX": "1",
            "MALLOC_MMAP_THRESHOLD_": str(1024 * 1024),
            # The same for what the server keeps beside Python.
            "_RJEM_MALLOC_CONF": "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0",
            **instance.environ,
            "TADA_HOME": str(settings.home),
            "PROMETHEUS_MULTIPROC_DIR": metrics,
        }

        def web(surface: str, port: int, processes: int) -> Program:
            # Without what libraries say of themselves each process takes 5 MiB less.
            command = [sys.executable, "-OO", "-m", "tada.web"]
            command += ["--surface", surface, "--host", host, "--port", str(port)]
            return Program(surface, [*command, "--processes", str(processes)], environment, _ROOT)

        pages = [web("intake", port, processes)] if chat else []
        pages += [web("desk", desk_port, 1)] if desk else []
        served = keep_running(
            pages[0],
            _answering(f"{address}/healthz"),
            lambda: click.echo("\n".join(_welcome(instance, address))),
            beside=[
                *pages[1:],
                Program("worker", [sys.executable, "-m", "tada", "worker"], environment, _ROOT),
            ],
            are_ready=_answering(f"http://{_for_address(host)}:{ports[-1]}/healthz"),
        )
    if not served:  # and it has said why
        raise click.exceptions.Exit(1)


_ROOT = Path(__file__).resolve().parent.parent
"""Python imports first from where a program is started. That must not be where an operator happens to stand."""

# ------------------------------------------------------------------ before


def _with_addresses(instance: Instance, surface: str | None, desk: str) -> Instance:
    """Return the instance with what the command line says; the desk is at `desk` where no setting says otherwise."""
    settings = instance.settings
    chosen = {} if surface is None else {"TADA_SURFACE": surface}
    if settings.desk_url is None and settings.public_url is None:
        chosen["TADA_DESK_URL"] = desk
    return Instance({**instance.environ, **chosen})


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise click.ClickException("This host has no address here. Try: --host 127.0.0.1") from None
    with socket.socket(family, kind, protocol) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(target)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else "cannot be listened on"
            raise click.ClickException(
                f"Port {port} {why}. Try another one: --port {port % 65535 + 1}"
            ) from None


def _for_address(host: str, everywhere: str = "127.0.0.1") -> str:
    """Return the host as it stands in an address; what listens everywhere is reached on this machine."""
    if everywhere and host in ("0.0.0.0", "::", ""):  # noqa: S104
        return everywhere
    return f"[{host}]" if ":" in host else host


# ------------------------------------------------------------------ when it runs


def _answering(url: str) -> Callable[[], bool]:
    # No proxy of the environment: this is our own machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask() -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError), opener.open(url, timeout=2) as response:
            return bool(response.status == 200)
        return False

    return ask


def _welcome(instance: Instance, address: str) -> list[str]:
    # Loaded now, while the web processes are at work already: the first answer does not wait for this.
    from tada.facts import stale_facts

    settings = instance.settings
    tada = _how_to_call(settings)
    steps = []
    if settings.surface != "desk":
        steps += [("Web chat", f"{settings.public_url or address}/"), ("In a terminal", f"{tada} chat")]
    if settings.surface != "intake":
        steps.append(("The desk", _way_to_the_desk(instance)))
    if _may_have_demo(instance):
        steps.append(("Invented cases", f"{_how_to_make(tada)}   (to look round the desk)"))
    steps += [("Read the queue", f"{tada} case list"), ("Open a case", f"{tada} case show REFERENCE --json")]
    lines = ["", *(f"  {what:<18}{how}" for what, how in steps), ""]
    lines += [f"  {remark}" for remark in _off(settings, len(stale_facts(settings)))]
    return [*lines, "  Stop with Ctrl-C.", ""]


def _way_to_the_desk(instance: Instance) -> str:
    from storage.invitations import invite_first

    desk = desk_address(instance.settings)
    token = invite_first(instance.database)
    return (
        f"{desk}/desk/" if token is None else f"{desk}/desk/link/{token}   (first sign-in: good once, today)"
    )


def _may_have_demo(instance: Instance) -> bool:
    from tada.demo import NoDemoHere, check_may_be

    try:
        check_may_be(instance.settings, instance.database)
    except NoDemoHere:
        return False
    return True


def _how_to_make(tada: str) -> str:
    """Return how the demo is called: by `make` where that is how this was called."""
    return "make demo" if tada == str(Path(".venv") / "bin" / "tada") else f"{tada} demo"


def _how_to_call(settings: Settings) -> str:
    """Return how this program is called from where the operator stands."""
    program = Path(sys.argv[0])
    if program.name != "tada":
        call = "tada"
    elif program.is_absolute() and program.is_relative_to(Path.cwd()):
        call = str(program.relative_to(Path.cwd()))
    else:
        call = str(program)
    usual = settings.home == Path.cwd() / "var"
    return call if usual else f"TADA_HOME={shlex.quote(str(settings.home))} {call}"


def _off(settings: Settings, unchecked: int) -> list[str]:
    """Say what is not on, so that nobody believes it is."""
    channels = {"WhatsApp": settings.twilio or settings.cloud, "Telegram": settings.telegram}
    off = " and ".join(name for name, on in channels.items() if not on)
    remarks = [f"Off: {off}. docs/channels.md says how to switch it on."] if off else []
    if not settings.rate_limits:
        remarks.append("Off: rate limits (TADA_RATE_LIMITS). For measurements only.")
    if not settings.is_public:
        remarks.append("Not public: TADA_PUBLIC_URL is not set. docs/going-live.md says what comes before.")
    if unchecked:
        remarks.append(f"Unchecked: {unchecked} numbers and links in the chat. `tada doctor` lists them.")
    return remarks
