"""`tada staff`: the colleagues, and what each may do."""

from __future__ import annotations

import click

from settings import Settings
from storage import staffing
from storage.recovery import RecoveryKey
from storage.staff import ROLES, Caseworker, Role, StaffMember, find_existing, list_staff, member_of
from tada.asking import Secrets, password_stdin, vouching
from tada.instance import Instance, pass_instance
from tada.output import print_json, print_table


@click.group()
def staff() -> None:
    """Look after the colleagues who open cases, vouch for each other, or keep the system."""


@staff.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="intake and supervisor open cases; key_holder vouches for colleagues, and so do those two; auditor reads "
    "the log; administrator keeps accounts.",
)
@click.option("--by", metavar="COLLEAGUE", help="Who vouches for the new colleague, with their own password.")
@click.option("--recovery-key", is_flag=True, help="Vouch with the recovery key instead.")
@password_stdin
@pass_instance
def add(
    instance: Instance, name: str, role: Role, by: str | None, recovery_key: bool, from_stdin: bool
) -> None:
    """Add a colleague.

    The first one needs nobody to vouch: a one-time key in the key directory lets them in and is destroyed.
    Every later one needs a colleague who holds a slot, or the recovery key.

    \b
    Examples:
      tada staff add "Mei" --role supervisor
      tada staff add "Jo" --role intake --by Mei
      printf '%s\\n%s\\n' "$NEW" "$MEIS" | tada staff add "Jo" --role intake --by Mei --password-stdin
    """
    secrets = Secrets(from_stdin)
    is_first = not list_staff(instance.database)
    password = secrets.new_password(name)
    voucher = None if is_first and not recovery_key else vouching(instance, secrets, by, recovery_key)
    member = staffing.add_staff(instance.database, instance.keys, name, role, password, voucher)
    click.echo(f"{member.name} is added as {member.role}.")
    _print_link(instance, member, voucher)
    if is_first:
        click.echo(
            "Add a second colleague soon: with one alone, a lost password leaves only the recovery key."
        )


@staff.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def list_them(instance: Instance, as_json: bool) -> None:
    """List every colleague, also those who left.

    \b
    Examples:
      tada staff list
      tada staff list --json
    """
    members = list_staff(instance.database)
    if as_json:
        print_json(
            [
                {
                    "name": member.name,
                    "role": member.role,
                    "state": member.state,
                    "since": member.created_at.isoformat(),
                }
                for member in members
            ]
        )
    elif members:
        print_table(
            ("NAME", "ROLE", "STATE", "SINCE"),
            [(member.name, member.role, member.state, f"{member.created_at:%Y-%m-%d}") for member in members],
        )
    else:
        click.echo("There is no colleague yet. Add the first one: tada staff add NAME --role supervisor")


@staff.command()
@click.argument("name")
@click.option("--by", metavar="COLLEAGUE", help="Who does this, with their own password.")
@click.option("--recovery-key", is_flag=True, help="Use the recovery key instead.")
@password_stdin
@pass_instance
def disable(instance: Instance, name: str, by: str | None, recovery_key: bool, from_stdin: bool) -> None:
    """Take a colleague's access away, at once.

    \b
    Examples:
      tada staff disable "Jo" --by Mei
      tada staff disable "Jo" --recovery-key
    """
    voucher = vouching(instance, Secrets(from_stdin), by, recovery_key)
    member = staffing.disable_staff(instance.database, name, voucher)
    click.echo(f"{member.name} opens nothing any more.")


@staff.command()
@click.argument("name")
@click.option("--by", metavar="COLLEAGUE", help="A colleague who vouches, with their own password.")
@password_stdin
@pass_instance
def recover(instance: Instance, name: str, by: str | None, from_stdin: bool) -> None:
    """Give a colleague who lost the password a new one.

    With --by a colleague vouches; without, the recovery key is asked for. There is no other way.

    \b
    Examples:
      tada staff recover "Mei"
      tada staff recover "Mei" --by Jo
    """
    secrets = Secrets(from_stdin)
    if by:
        voucher = vouching(instance, secrets, by, recovery_key=False)
        member = staffing.replace_password(instance.database, name, secrets.new_password(name), voucher)
    else:
        key = secrets.existing("Recovery key")
        voucher = RecoveryKey.from_text(key)
        member = staffing.recover(instance.database, instance.keys, key, name, secrets.new_password(name))
    click.echo(f"{member.name} has a new password. The old one opens nothing any more.")
    _print_link(instance, member, voucher)


@staff.command()
@click.argument("name")
@click.option("--by", metavar="COLLEAGUE", help="Who vouches, with their own password.")
@click.option("--recovery-key", is_flag=True, help="Use the recovery key instead.")
@password_stdin
@pass_instance
def link(instance: Instance, name: str, by: str | None, recovery_key: bool, from_stdin: bool) -> None:
    """Give a colleague who has a password a one-time link, to set up their second step at the desk.

    \b
    Examples:
      tada staff link "Jo" --by Mei
    """
    voucher = vouching(instance, Secrets(from_stdin), by, recovery_key)
    with instance.database.reading() as connection:
        member = member_of(find_existing(connection, name))
    _print_link(instance, member, voucher)


def _print_link(instance: Instance, member: StaffMember, by: Caseworker | RecoveryKey | None) -> None:
    from storage.invitations import KEPT, invite_to_set_factor

    token = invite_to_set_factor(instance.database, member.id, by)
    click.echo(f"First sign-in at the desk, by this link: once, within {KEPT.days} days, with the password.")
    click.echo(f"  {desk_address(instance.settings)}/desk/link/{token}")


def desk_address(settings: Settings, here: str = "http://localhost:8001") -> str:
    """Return where colleagues reach the desk, without a slash at the end; `here` on one's own machine."""
    return settings.desk_url or settings.public_url or here
