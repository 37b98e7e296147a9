// Unread counts in the navigation: rendered by the server, moved by live frames.

declare global {
  interface HTMLElementTagNameMap {
    "by-badge": BadgeElement;
  }
}

/**
 * `<by-badge event="by:notification" field="unread" label="unread">3</by-badge>` follows one number of one live
 * frame. Zero hides it; the title of the page carries the sum of all badges.
 */
export class BadgeElement extends HTMLElement {
  readonly #listen = (event: Event): void => {
    const value = (event as CustomEvent<Record<string, unknown>>).detail[this.getAttribute("field") ?? ""];
    if (typeof value === "number") this.#show(value);
  };

  connectedCallback(): void {
    document.body.addEventListener(this.getAttribute("event") ?? "", this.#listen);
  }

  disconnectedCallback(): void {
    document.body.removeEventListener(this.getAttribute("event") ?? "", this.#listen);
  }

  #show(value: number): void {
    this.hidden = value === 0;
    const note = document.createElement("span");
    note.className = "sr";
    note.textContent = ` ${this.getAttribute("label") ?? ""}`;
    this.replaceChildren(value > 99 ? "99+" : String(value), note);
  }
}

customElements.define("by-badge", BadgeElement);
