// Messages of an encrypted conversation, opened in this browser so that its member can choose which to show. What
// proves a chosen one goes into the form; of the others nothing leaves the browser.
import type { WireMessage, WireRoster } from "../pure/wire.ts";
import { api } from "./api.ts";
import type { Disclosed } from "./crypto-client.ts";
import { keyring } from "./keyring.ts";

export class ChooseMessages extends HTMLElement {
  readonly #found = new Map<string, Disclosed>();

  connectedCallback(): void {
    const boxes = [...this.querySelectorAll<HTMLInputElement>("[data-sealed]")];
    const hint = this.querySelector<HTMLElement>("[data-hint]");
    if (boxes.length === 0) {
      hint?.remove();
      return;
    }
    this.addEventListener("change", (event) => this.#ticked(event.target as HTMLInputElement));
    this.#open(boxes).then(
      (missing) => {
        if (!hint) return;
        if (missing === 0) hint.textContent = "Encrypted messages were opened here, in your browser. Only what you tick leaves it.";
        else hint.textContent = "Some messages cannot be opened with the keys of this browser.";
      },
      () => {
        if (hint) hint.textContent = "This browser has no keys for your encrypted messages. Restore them on the page of your chats.";
      },
    );
  }

  /** Opens all of them; returns how many it could not open. */
  async #open(boxes: readonly HTMLInputElement[]): Promise<number> {
    const messages = boxes.map((box) => JSON.parse(box.dataset["sealed"] ?? "") as WireMessage);
    const { box } = await keyring();
    const roster = await api<WireRoster>("GET", `/conversations/${this.getAttribute("conversation")}/roster`);
    const opened = new Map((await box.open(messages, roster)).map((each) => [each.id, each]));
    const disclosed = await box.disclose(messages.filter(({ id }) => opened.get(id)?.text), roster);
    for (const each of disclosed) this.#found.set(each.id, each);
    let missing = 0;
    for (const each of boxes) {
      const words = each.parentElement?.querySelector<HTMLElement>("[data-words]");
      const text = opened.get(each.value)?.text;
      if (!text || !this.#found.has(each.value)) {
        missing += 1;
        continue;
      }
      if (words) words.textContent = text;
      each.disabled = false;
      this.#ticked(each);
    }
    return missing;
  }

  #ticked(box: HTMLInputElement): void {
    const found = this.#found.get(box.value);
    const field = box.closest("li")?.querySelector<HTMLInputElement>("[data-opening]");
    if (field && found) field.value = box.checked ? `${found.payload}.${found.frank}` : "";
  }
}

customElements.define("choose-messages", ChooseMessages);
