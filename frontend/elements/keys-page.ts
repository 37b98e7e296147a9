// The part of the keys page that only this browser knows: whether it holds the keys, and what it can do with them.
import { html, nothing, type TemplateResult } from "lit";
import { fingerprint } from "../pure/fingerprint.ts";
import { ApiProblem } from "./api.ts";
import { makeKeys, replaceKeys } from "./ceremony.ts";
import { CryptoError } from "./crypto-client.ts";
import { icon } from "./icon.ts";
import { type Keyring, type KeyState, keyring } from "./keyring.ts";
import { LightElement } from "./light.ts";
import { restoreFromFile, saveRecovery } from "./recovery.ts";
import { exactTime } from "./times.ts";

const TITLES: Record<KeyState, string> = {
  ready: "This browser has your keys",
  none: "You have no keys yet",
  elsewhere: "Your keys are not in this browser",
  replaced: "This browser has older keys of yours",
};

const TEXTS: Record<KeyState, string> = {
  ready: "They open and sign your encrypted messages. The server never had them.",
  none: "They are made in this browser in a second or two and stay in it. With them your conversations are encrypted end to end.",
  elsewhere: "It cannot open or write encrypted messages until you restore them from your recovery file.",
  replaced: "Newer ones were made elsewhere. Restore them from the newest recovery file to write here again.",
};

export class KeysPage extends LightElement {
  #keys: Keyring | null = null;
  #print = "";
  #busy = "";
  #trouble = "";

  override connectedCallback(): void {
    super.connectedCallback();
    document.body.addEventListener("by:keys", this.#changed);
    document.querySelector("#replace-keys")?.addEventListener("click", this.#replace);
    void this.#attempt(async () => this.#show(await keyring()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.body.removeEventListener("by:keys", this.#changed);
  }

  readonly #changed = (event: Event): void => void this.#show((event as CustomEvent<Keyring>).detail);

  async #show(keys: Keyring): Promise<void> {
    const { encKeyId, sigKeyId } = keys.status;
    this.#print = encKeyId && sigKeyId ? await fingerprint(encKeyId, sigKeyId) : "";
    this.#keys = keys;
    this.requestUpdate();
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    this.#trouble = "";
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CryptoError) && !(error instanceof ApiProblem)) throw error;
      this.#trouble = error.message;
    }
    this.#tell("");
  }

  readonly #tell = (busy: string): void => {
    this.#busy = busy;
    this.requestUpdate();
  };

  /** The server drew the lists around this element; after a change it draws them again. */
  readonly #make = (): void => void this.#attempt(() => makeKeys(this.#tell).then(() => location.reload()));
  readonly #replace = (): void => {
    document.querySelector<HTMLDialogElement>("#replace-dialog")?.close();
    void this.#attempt(() => replaceKeys(this.#tell).then(() => location.assign("/settings/keys")));
  };

  protected override render(): TemplateResult {
    if (this.#trouble && !this.#keys) return html`<p class="notice danger" role="alert">${icon("circle-x")}<span>${this.#trouble}</span></p>`;
    if (!this.#keys) return html`<p class="muted" role="status">Looking for your keys in this browser…</p>`;
    const { state } = this.#keys;
    return html`<div class="card-head"><h2>${TITLES[state]}</h2>${state === "ready" ? html`<span class="badge ok">${icon("check")}Ready</span>` : nothing}</div>
      <div class="stack"><p>${TEXTS[state]}</p>
        ${this.#print ? html`<p class="fingerprint mono" aria-label="Fingerprint of the keys in this browser">${this.#print}</p>` : nothing}
        ${this.#recovery(this.#keys)}
        <div class="row">${this.#actions(this.#keys)}<span role="status">${this.#busy}</span></div>
        ${this.#trouble ? html`<p class="notice danger" role="alert">${icon("circle-x")}<span>${this.#trouble}</span></p>` : nothing}</div>`;
  }

  #recovery({ published, status, state }: Keyring): TemplateResult | typeof nothing {
    if (!published || state !== "ready") return nothing;
    const { tested_ms } = published.recovery;
    if (tested_ms !== null) return html`<p class="recovery-state">${icon("shield-check")}<span>Recovery file proven on ${exactTime(tested_ms)}. From this browser nobody can copy the keys any more.</span></p>`;
    if (status.canExport) return html`<p class="recovery-state due">${icon("file-key-2")}<span>You have no recovery file yet. Without one, clearing this browser closes your messages for good.</span></p>`;
    return html`<p class="recovery-state due">${icon("file-key-2")}<span>You have no proven recovery file, and this browser can no longer make one for these keys. The browser that made them may; otherwise replace them below.</span></p>`;
  }

  #actions({ state, status }: Keyring): TemplateResult | typeof nothing {
    if (state === "none") return html`<button type="button" class="btn" ?disabled=${this.#busy !== ""} @click=${this.#make}>${icon("key-round")}Make my keys</button>`;
    if (state !== "ready") return html`<button type="button" class="btn" @click=${restoreFromFile}>${icon("upload")}Restore from file</button>`;
    return status.canExport ? html`<button type="button" class="btn" @click=${saveRecovery}>${icon("download")}Save recovery file</button>` : nothing;
  }
}

customElements.define("keys-page", KeysPage);
