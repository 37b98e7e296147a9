// The last line of an encrypted conversation in the list of chats, from what this browser has read before.
import type { Uuid } from "../pure/wire.ts";
import { keyring } from "./keyring.ts";

let asked: Map<Uuid, ChatPreview[]> | undefined;

/** All previews of a page are answered by one question to the worker. */
async function fill(previews: Map<Uuid, ChatPreview[]>): Promise<void> {
  try {
    const texts = await (await keyring()).box.readCache([...previews.keys()]);
    for (const [id, elements] of previews) {
      const text = texts[id];
      if (text) for (const element of elements) element.textContent = text;
    }
  } catch {
    // The server's words stay: nothing is known here about that message.
  }
}

export class ChatPreview extends HTMLElement {
  connectedCallback(): void {
    const id = this.dataset["message"];
    if (!id) return;
    if (!asked) {
      const batch = (asked = new Map<Uuid, ChatPreview[]>());
      queueMicrotask(() => {
        asked = undefined;
        void fill(batch);
      });
    }
    asked.set(id, [...(asked.get(id) ?? []), this]);
  }
}

customElements.define("chat-preview", ChatPreview);
