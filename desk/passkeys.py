"""Passkeys: registering one, and proving oneself with it. The script of the page hands both sides JSON.

Source: WebAuthn Level 2, sections 7.1 and 7.2, as the library `webauthn` checks them.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from desk.office import Office
from desk.problems import Problem
from desk.session import session
from desk.turning import to_page
from storage.errors import WrongCode
from storage.factors import add_passkey, factors_of, passkey_used, remove_passkey
from storage.sessions import set_challenge


def add_passkeys(desk: Blueprint, office: Office) -> None:
    """Put the ceremonies under `/desk/`."""

    @desk.post("/desk/me/passkeys/options")
    def registering() -> ResponseReturnValue:
        import webauthn
        from webauthn.helpers import structs

        who = session()
        kept = factors_of(office.database, who.staff_id).passkeys
        options = webauthn.generate_registration_options(
            rp_id=_rp_id(office),
            rp_name=office.pages.say("desk.title"),
            user_id=who.staff_id,
            user_name=who.name,
            exclude_credentials=[
                structs.PublicKeyCredentialDescriptor(id=passkey.credential) for passkey in kept
            ],
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                user_verification=structs.UserVerificationRequirement.PREFERRED
            ),
        )
        return _asked(office, options)

    @desk.post("/desk/me/passkeys")
    def register() -> ResponseReturnValue:
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            verified = webauthn.verify_registration_response(
                credential=request.form.get("passkey", ""),
                expected_challenge=_challenge(office),
                expected_rp_id=_rp_id(office),
                expected_origin=_origin(office),
            )
        except (WebAuthnException, KeyError, TypeError, ValueError):
            raise Problem("bad_request") from None
        name = request.form.get("name", "")
        key = verified.credential_public_key
        add_passkey(office.database, session(), verified.credential_id, key, verified.sign_count, name)
        return to_page("/desk/me", done="passkey_added")

    @desk.post("/desk/me/passkeys/remove")
    def remove() -> ResponseReturnValue:
        try:
            credential = bytes.fromhex(request.form.get("credential", ""))
        except ValueError:
            raise Problem("bad_request") from None
        remove_passkey(office.database, session(), credential)
        return to_page("/desk/me", done="passkey_removed")

    def proving() -> ResponseReturnValue:
        import webauthn
        from webauthn.helpers import structs

        kept = factors_of(office.database, session().staff_id).passkeys
        options = webauthn.generate_authentication_options(
            rp_id=_rp_id(office),
            allow_credentials=[
                structs.PublicKeyCredentialDescriptor(id=passkey.credential) for passkey in kept
            ],
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        )
        return _asked(office, options)

    for place in ("second", "prove"):
        desk.add_url_rule(f"/desk/{place}/passkey", f"{place}_passkey", proving, methods=["POST"])


def check_passkey(office: Office, sent: str) -> None:
    """Take what a passkey signed, as the script of the page put it into a form.

    Raises:
        WrongCode: it is no passkey of whoever signs in, or did not sign what was asked.
    """
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    kept = {
        passkey.credential: passkey for passkey in factors_of(office.database, session().staff_id).passkeys
    }
    try:
        credential = json.loads(sent)
        passkey = kept[base64url_to_bytes(credential["id"])]
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=_challenge(office),
            expected_rp_id=_rp_id(office),
            expected_origin=_origin(office),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except (WebAuthnException, KeyError, TypeError, ValueError):
        raise WrongCode from None
    passkey_used(office.database, session(), passkey, verified.new_sign_count)


def _asked(office: Office, options: Any) -> ResponseReturnValue:
    import webauthn

    set_challenge(office.database, session(), options.challenge)
    return Response(webauthn.options_to_json(options), mimetype="application/json")


def _challenge(office: Office) -> bytes:
    """Return what the passkey was asked to sign, once."""
    challenge = session().challenge
    if challenge is None:
        raise ValueError("nothing was asked")
    set_challenge(office.database, session(), None)
    return challenge


def _origin(office: Office) -> str:
    return office.options.address or f"{request.scheme}://{request.host}"


def _rp_id(office: Office) -> str:
    return urlsplit(_origin(office)).hostname or ""
