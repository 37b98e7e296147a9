import { type CreationOptions, type RequestOptions, askPasskey, canAutofill, makePasskey, reason, whyNot } from "./webauthn.ts";

const OPTIONS = "/sign-in/passkey/options";

/**
 * A form that a passkey fills in: its button asks the device, and the answer goes out with the form. With
 * `data-options` it makes a new passkey; `data-question` is what to ask for, else the server is asked for that; with
 * `data-autofill` the browser also offers passkeys while one types. The answer goes into the field `credential`, or
 * into the one that `data-field` names.
 * Within a form with other fields its button is one way among others. Hidden without scripts, where passkeys cannot work; the other ways on the page stay.
 */
class PasskeyButton extends HTMLElement {
  #waiting = new AbortController();
  #busy = false;

  connectedCallback(): void {
    const own = this.querySelector("form");
    const form = own ?? this.closest("form");
    if (!form) return;
    const obstacle = whyNot();
    if (obstacle) {
      this.#say(this.dataset["autofill"] === undefined ? obstacle : "");
      if (this.dataset["options"]) form.querySelector("button")?.setAttribute("disabled", "");
      return;
    }
    this.#say("");
    if (!own) return this.#within(form);
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      if (this.#answer(form).value) return;
      event.preventDefault();
      if (form.reportValidity()) void this.#run(form);
    });
    if (this.dataset["autofill"] !== undefined) void this.#offer(form);
  }

  /** Beside other fields of a form: the button asks, and the form can be sent without it. */
  #within(form: HTMLFormElement): void {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      if (form.reportValidity()) void this.#run(form);
    });
  }

  disconnectedCallback(): void {
    this.#waiting.abort();
  }

  #answer(form: HTMLFormElement): HTMLInputElement {
    return form.elements.namedItem(this.dataset["field"] ?? "credential") as HTMLInputElement;
  }

  async #run(form: HTMLFormElement): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    // One question at a time: the browser refuses a second while the first waits.
    this.#waiting.abort();
    this.#waiting = new AbortController();
    this.#say("Follow what your browser or device says…");
    try {
      const options = this.dataset["options"];
      const question = this.dataset["question"];
      const answer = options
        ? await makePasskey(JSON.parse(options) as CreationOptions)
        : await askPasskey(question ? (JSON.parse(question) as RequestOptions) : await fetchOptions(form), this.#waiting.signal);
      this.#send(form, answer);
    } catch (error) {
      this.#say(reason(error), "bad");
    } finally {
      this.#busy = false;
    }
  }

  /** Waits in the background until somebody picks a passkey in the field of the address. */
  async #offer(form: HTMLFormElement): Promise<void> {
    try {
      if (!(await canAutofill())) return;
      const { signal } = this.#waiting;
      const options = await fetchOptions(form);
      if (!signal.aborted) this.#send(form, await askPasskey(options, signal, true));
    } catch {
      // Nobody asked for it, so nobody has to hear that it did not work: the button is still there.
    }
  }

  #send(form: HTMLFormElement, answer: string): void {
    this.#say("One moment…");
    this.#answer(form).value = answer;
    form.requestSubmit();
  }

  #say(text: string, kind = ""): void {
    const status = this.querySelector(".status");
    if (!status) return;
    status.className = `status ${kind}`;
    status.textContent = text;
  }
}

/** What to ask for: on the sign-in page for a sign-in by the passkey alone, whatever else still waits in the session. */
async function fetchOptions(form: HTMLFormElement): Promise<RequestOptions> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const alone = new URL(form.action).pathname === "/sign-in/passkey" ? "1" : "";
  const body = new URLSearchParams({ alone });
  const response = await fetch(OPTIONS, { method: "POST", headers: { "X-CSRFToken": token }, body });
  if (!response.ok) throw new TypeError(`the server answered ${response.status}`);
  return (await response.json()) as RequestOptions;
}

customElements.define("passkey-button", PasskeyButton);
