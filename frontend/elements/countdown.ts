// The time for which a checkout holds its things, and the page that waits for a bank.
import { clockOf, passed, spoken } from "../pure/countdown.ts";

const LAST_CALL = 120;

declare global {
  interface HTMLElementTagNameMap {
    "by-countdown": CountdownElement;
    "by-wait": WaitElement;
  }
}

/**
 * `<by-countdown data-left="MILLISECONDS">` with a `[data-text]` for the eyes and a `[data-say]` for the ears. The
 * server's clock decides: what is left was counted there, so a wrong clock of the reader does not matter. At the end
 * the page is loaded again, unless something was typed in it.
 */
export class CountdownElement extends HTMLElement {
  #deadline = 0;
  #before = Number.POSITIVE_INFINITY;
  #timer = 0;
  #touched = false;
  readonly #touch = (): void => void (this.#touched = true);

  connectedCallback(): void {
    this.#deadline = performance.now() + Number(this.dataset["left"] ?? 0);
    this.#before = Number.POSITIVE_INFINITY;
    document.addEventListener("input", this.#touch);
    this.#tick();
    this.#timer = window.setInterval(() => this.#tick(), 500);
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    document.removeEventListener("input", this.#touch);
  }

  #tick(): void {
    const left = (this.#deadline - performance.now()) / 1000;
    const text = this.querySelector("[data-text]");
    if (text) text.textContent = left > 0 ? `Held for you for ${clockOf(left)}` : "Not held any more";
    this.classList.toggle("soon", left <= LAST_CALL);
    const mark = Number.isFinite(this.#before) ? passed(this.#before, left) : undefined;
    const say = this.querySelector("[data-say]");
    if (mark !== undefined && say) say.textContent = spoken(mark);
    this.#before = left;
    if (left > 0) return;
    clearInterval(this.#timer);
    // Whoever is typing keeps what was typed: Pay says then that the time is over, and keeps it, too.
    if (!this.#touched) location.reload();
  }
}

const LOOK_MS = 2500;

/** `<by-wait>` loads the page again when a live frame says that an order moved, and now and then without one. */
export class WaitElement extends HTMLElement {
  #timer = 0;
  readonly #look = (): void => location.reload();

  connectedCallback(): void {
    document.body.addEventListener("by:order", this.#look);
    this.#timer = window.setTimeout(this.#look, LOOK_MS);
  }

  disconnectedCallback(): void {
    document.body.removeEventListener("by:order", this.#look);
    clearTimeout(this.#timer);
  }
}

customElements.define("by-countdown", CountdownElement);
customElements.define("by-wait", WaitElement);
