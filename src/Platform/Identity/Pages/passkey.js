// Has the browser make and use passkeys. The only script of these pages: all else works without it.
'use strict';
(() => {
  const decode = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const withoutNulls = (value) => {
    if (Array.isArray(value)) return value.map(withoutNulls);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [k, withoutNulls(v)]));
  };

  const optionsOf = (form) => {
    const options = withoutNulls(JSON.parse(form.dataset.options));
    options.challenge = decode(options.challenge);
    if (options.user) options.user.id = decode(options.user.id);
    for (const list of [options.excludeCredentials, options.allowCredentials]) for (const one of list ?? []) one.id = decode(one.id);
    return options;
  };

  const textOf = (credential) => {
    const { response } = credential;
    const sent = { clientDataJSON: encode(response.clientDataJSON) };
    if (response.attestationObject) {
      sent.attestationObject = encode(response.attestationObject);
      sent.transports = response.getTransports?.().filter((t) => ['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal'].includes(t)) ?? [];
    } else {
      sent.authenticatorData = encode(response.authenticatorData);
      sent.signature = encode(response.signature);
      if (response.userHandle) sent.userHandle = encode(response.userHandle);
    }
    return JSON.stringify({ id: credential.id, rawId: encode(credential.rawId), type: credential.type, response: sent });
  };

  const messages = {
    InvalidStateError: 'This device already has a passkey of your account.',
    NotAllowedError: 'It was cancelled, or took too long. Try again.',
    NotSupportedError: 'This device cannot make passkeys that are accepted here.',
    SecurityError: 'This page was not opened at the address that passkeys of this cloud are for.',
  };

  let waiting = null;

  const send = (form, credential) => {
    form.querySelector('[data-credential]').value = textOf(credential);
    form.submit();
  };

  const ask = async (form) => {
    const error = form.querySelector('[role=alert]');
    const button = form.querySelector('button');
    error.hidden = true;
    button.disabled = true;
    waiting?.abort();
    try {
      const publicKey = optionsOf(form);
      send(form, form.dataset.passkey === 'create'
        ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey }));
    } catch (e) {
      error.textContent = messages[e.name] ?? 'The browser could not use a passkey: ' + e.message;
      error.hidden = false;
      button.disabled = false;
      button.focus();
    }
  };

  // Passkeys among the names that the browser proposes for the address.
  const propose = async (form) => {
    if (!(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    try {
      send(form, await navigator.credentials.get({ publicKey: optionsOf(form), mediation: 'conditional', signal: waiting.signal }));
    } catch {
      // Given up for the button, or by the browser: the button is there.
    }
  };

  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    document.getElementById('no-passkeys')?.remove();
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      ask(form);
    });
    if (form.dataset.proposed) propose(form);
  }
})();
