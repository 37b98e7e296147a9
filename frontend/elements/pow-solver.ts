import { fromHex, toHex } from "../pure/bytes.ts";

interface Parameters {
  algorithm: string;
  cost: number;
  keyLength: number;
  keyPrefix: string;
  nonce: string;
  salt: string;
}

interface Challenge {
  parameters: Parameters;
  signature: string;
}

/** How many keys are derived side by side: the browser spreads them over its own threads. */
const LANES = 4;

/**
 * Pays the toll of sign-up: finds the counter whose PBKDF2 key has the wanted prefix (ALTCHA, version 2), while
 * the person types. A form that is sent earlier waits for it.
 */
class PowSolver extends HTMLElement {
  #solved = false;
  #submitter: HTMLElement | null | undefined;

  connectedCallback(): void {
    const form = this.closest("form");
    form?.addEventListener("submit", (event) => {
      if (this.#solved) return;
      event.preventDefault();
      this.#submitter = event.submitter;
      this.#say("One moment: still checking that you are not a robot…");
    });
    void this.#solve(JSON.parse(this.dataset.challenge ?? "") as Challenge, form);
  }

  async #solve(challenge: Challenge, form: HTMLFormElement | null): Promise<void> {
    this.#say("Checking that you are not a robot…");
    const started = performance.now();
    const found = await search(challenge.parameters);
    const solution = { ...found, time: Math.round(performance.now() - started) };
    const input = this.querySelector("input");
    if (input) input.value = btoa(JSON.stringify({ challenge, solution }));
    this.#solved = true;
    this.#say("You are not a robot.", "ok");
    if (this.#submitter !== undefined) form?.requestSubmit(this.#submitter);
  }

  #say(text: string, kind = ""): void {
    const status = this.querySelector(".status");
    status?.setAttribute("class", `status ${kind}`);
    const words = status?.querySelector("span");
    if (words) words.textContent = text;
  }
}

async function search(parameters: Parameters): Promise<{ counter: number; derivedKey: string }> {
  for (let first = 0; ; first += LANES) {
    const counters = Array.from({ length: LANES }, (_, lane) => first + lane);
    const keys = await Promise.all(counters.map((counter) => derive(parameters, counter)));
    const lane = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
    if (lane >= 0) return { counter: first + lane, derivedKey: keys[lane] ?? "" };
  }
}

/** The key for one counter, in hexadecimal: PBKDF2 over nonce ‖ counter (32 bits, big-endian). */
async function derive(parameters: Parameters, counter: number): Promise<string> {
  const nonce = fromHex(parameters.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  new DataView(password.buffer).setUint32(nonce.length, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const hash = parameters.algorithm.replace("PBKDF2/", "");
  const settings = { name: "PBKDF2", hash, salt: fromHex(parameters.salt), iterations: parameters.cost };
  return toHex(new Uint8Array(await crypto.subtle.deriveBits(settings, key, parameters.keyLength * 8)));
}

customElements.define("pow-solver", PowSolver);
