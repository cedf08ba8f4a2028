/* Passkeys: turn the options of the page into what the browser's authenticator API wants, and its answer into text.
   WebAuthn, https://www.w3.org/TR/webauthn-3/: binary values travel as base64url. */
(() => {
  "use strict";

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const described = (credentials) => (credentials || []).map((known) => ({ ...known, id: bytes(known.id) }));

  const readOptions = (options) => {
    const read = { ...options, challenge: bytes(options.challenge) };
    if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
    if (options.excludeCredentials) read.excludeCredentials = described(options.excludeCredentials);
    if (options.allowCredentials) read.allowCredentials = described(options.allowCredentials);
    return read;
  };

  const written = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };

  const ask = async (kind, options) => {
    const publicKey = readOptions(options.publicKey);
    const credentials = navigator.credentials;
    return written(await (kind === "create" ? credentials.create({ publicKey }) : credentials.get({ publicKey })));
  };

  const wire = (form) => {
    const options = JSON.parse(document.getElementById("passkey-options").textContent);
    const failed = form.querySelector("[data-passkey-failed]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      try {
        form.elements.answer.value = await ask(form.dataset.passkey, options);
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  };

  if (window.PublicKeyCredential && navigator.credentials) {
    document.querySelectorAll("form[data-passkey]").forEach(wire);
  }
})();
