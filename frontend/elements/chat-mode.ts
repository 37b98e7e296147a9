import { html, type TemplateResult } from "lit";
import { type Conversation, conversation } from "./conversation.ts";
import { icon } from "./icon.ts";
import { LightElement } from "./light.ts";
import { showSafety } from "./sheets.ts";

/** The line below the name: what protects this conversation, and the way to the safety number. */
export class ChatMode extends LightElement {
  readonly #chat: Conversation | null = conversation();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#chat?.watch(() => this.requestUpdate());
  }

  protected override shouldUpdate(): boolean {
    return this.#chat !== null;
  }

  protected override render(): TemplateResult {
    const sealed = this.#chat!.about.mode === "end_to_end";
    return html`<button type="button" class="mode ${sealed ? "e2e" : "standard"}" @click=${() => showSafety(this.#chat!)}>${icon(sealed ? "lock" : "eye")}<span>${sealed ? "End-to-end encrypted" : "Readable by this server"}</span></button>`;
  }
}

customElements.define("chat-mode", ChatMode);
