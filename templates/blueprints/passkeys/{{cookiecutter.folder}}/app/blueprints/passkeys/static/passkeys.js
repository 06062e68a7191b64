// Passkeys: sign in with one, or add one. The server makes each challenge, and checks each answer.
const form = document.querySelector("form[data-passkey]");
const message = form.querySelector(".message");
const signsIn = form.dataset.passkey === "get";
const RENEW_AFTER = 4 * 60 * 1000; // the server refuses challenges after five minutes
let pending = new AbortController(); // browsers allow one request at a time
let options;

async function post(address, fields = {}) {
  const body = new FormData(form);
  Object.entries(fields).forEach(([name, value]) => body.set(name, value));
  const response = await fetch(address, { method: "POST", body });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.message ?? "Load this page again.");
  return answer;
}

/** Ask the server for a challenge; that of the autofill serves the button, too. */
function getOptions() {
  if (signsIn && options?.expires > Date.now()) return options.answer;
  options = { answer: post(form.dataset.options), expires: Date.now() + RENEW_AFTER };
  return options.answer;
}

/** Let the device answer the challenge, and go where the server says. */
async function answerChallenge(mediation) {
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  const json = await getOptions();
  const parse = signsIn ? "parseRequestOptionsFromJSON" : "parseCreationOptionsFromJSON";
  const publicKey = PublicKeyCredential[parse](json);
  const request = { publicKey, signal, ...(mediation && { mediation }) };
  const credential = await navigator.credentials[form.dataset.passkey](request);
  options = undefined;
  const { next } = await post(form.action, { credential: JSON.stringify(credential) });
  location.assign(next);
}

function show(error) {
  if (error.name === "AbortError") return;
  options = undefined;
  const reasons = {
    NotAllowedError: "No passkey was used. Try again.",
    InvalidStateError: "This device has a passkey for this account.",
    SecurityError: "Passkeys do not work at this address of the site.",
  };
  message.textContent = reasons[error.name] ?? error.message;
  message.hidden = false;
}

/** Offer passkeys where the e-mail address is typed, with a new challenge before one expires. */
async function offerInAutofill() {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  document.querySelector("input[name=email]").autocomplete = "username webauthn";
  const answered = answerChallenge("conditional").catch((error) => {
    if (!(error instanceof DOMException)) show(error); // nobody pressed a button
  });
  const renewal = setTimeout(offerInAutofill, RENEW_AFTER);
  await answered;
  clearTimeout(renewal);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  message.hidden = true;
  await answerChallenge().catch(show);
});

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  form.parentElement.hidden = false;
  if (signsIn) offerInAutofill();
}
