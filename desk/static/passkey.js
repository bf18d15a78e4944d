// Passkeys: asks for what is to be signed, has the device sign it, and sends the form with it.
"use strict";

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function asked(options) {
  const found = { ...options, challenge: bytes(options.challenge) };
  if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (options[name]) found[name] = options[name].map((each) => ({ ...each, id: bytes(each.id) }));
  }
  return found;
}

function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response,
  });
}

async function sign(button) {
  const form = button.closest("form");
  const failed = form.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  try {
    const answer = await fetch(button.dataset.passkey, {
      method: "POST",
      headers: { "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
    });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) return location.assign(elsewhere);
    if (!answer.ok) throw new Error("refused");
    const options = await answer.json();
    const publicKey = asked(options);
    const credential = options.user
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.passkey.value = written(credential);
    form.requestSubmit();
  } catch {
    failed.hidden = false;
  }
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  button.addEventListener("click", () => sign(button));
}

if (window.PublicKeyCredential) {
  for (const each of document.querySelectorAll("[data-passkeys]")) each.hidden = false;
}
