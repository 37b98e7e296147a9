// Who can read along, in words, and the number that two friends compare.
import { html, nothing, type TemplateResult } from "lit";
import { fingerprint, safetyNumber } from "../pure/fingerprint.ts";
import type { WireRosterEntry } from "../pure/wire.ts";
import { api, ApiProblem } from "./api.ts";
import type { Conversation } from "./conversation.ts";
import { CryptoError } from "./crypto-client.ts";
import { icon } from "./icon.ts";
import { keyring } from "./keyring.ts";
import { LightElement } from "./light.ts";

interface Shown {
  readonly groups: readonly string[];
  readonly mine: string;
  readonly theirs: string;
}

export class SafetySheet extends LightElement {
  chat: Conversation | null = null;
  #shown: Shown | null = null;
  #trouble = "";

  protected override firstUpdated(): void {
    this.querySelector("dialog")!.showModal();
    void this.#load();
  }

  /**
   * The own keys are those of this browser and the friend's those it pinned: a server that showed other keys only
   * here would otherwise make two false numbers equal.
   */
  async #load(): Promise<void> {
    const { id, me, about } = this.chat!;
    try {
      const { box, status } = await keyring();
      const pin = (await box.peers()).find(({ user }) => user === about.peer.id);
      const { entries } = await api<{ entries: WireRosterEntry[] }>("GET", `/conversations/${id}/roster`);
      const listed = entries.find(({ user }) => user === about.peer.id);
      const theirs = pin?.changedTo ?? pin ?? (listed && { encKeyId: listed.encrypt_key_id, sigKeyId: listed.sign_key_id });
      if (theirs && status.encKeyId && status.sigKeyId) {
        const mine = { user: me, encKeyId: status.encKeyId, sigKeyId: status.sigKeyId };
        this.#shown = {
          groups: await safetyNumber(mine, { ...theirs, user: about.peer.id }),
          mine: await fingerprint(mine.encKeyId, mine.sigKeyId),
          theirs: await fingerprint(theirs.encKeyId, theirs.sigKeyId),
        };
      }
    } catch (error) {
      if (!(error instanceof ApiProblem) && !(error instanceof CryptoError)) throw error;
      this.#trouble = error.message;
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { about } = this.chat!;
    const sealed = about.mode === "end_to_end";
    return html`<dialog class="sheet" aria-labelledby="safety-title" @close=${() => this.remove()}>
      <div class="dialog-head"><h2 id="safety-title">${sealed ? "Encrypted end to end" : "Readable by this server"}</h2>
        <button type="button" class="btn quiet icon-only" aria-label="Close" @click=${() => this.querySelector("dialog")!.close()}>${icon("x")}</button></div>
      <div class="stack">
        <p>${sealed ? `Only you and ${about.peer.name} can read what you write. The server carries it, but has no key to it.` : `The server can read this conversation; on its disk it is encrypted. As soon as you and ${about.peer.name} both have keys, new messages are encrypted end to end.`}</p>
        ${this.#trouble ? html`<p class="notice warn" role="alert">${icon("wifi-off")}<span>${this.#trouble}</span></p>` : nothing}
        ${this.#shown ? this.#numbers(this.#shown) : nothing}
        <p class="hint"><a href="/about/security">How it is kept safe</a></p>
      </div></dialog>`;
  }

  #numbers({ groups, mine, theirs }: Shown): TemplateResult {
    const { peer } = this.chat!.about;
    return html`<div><h3>Your safety number with ${peer.name}</h3>
        <p class="muted">Compare it with ${peer.name}, side by side or in a call. Is it the same on both screens? Then nobody stands between you.</p></div>
      <ol class="safety" aria-label="Safety number">${groups.map((group) => html`<li>${group}</li>`)}</ol>
      <dl class="facts-list"><div><dt>Your keys</dt><dd class="mono">${mine}</dd></div><div><dt>${peer.name}</dt><dd class="mono">${theirs}</dd></div></dl>`;
  }
}

customElements.define("safety-sheet", SafetySheet);

export function showSafety(chat: Conversation): void {
  const sheet = document.createElement("safety-sheet") as SafetySheet;
  sheet.chat = chat;
  document.body.append(sheet);
}
