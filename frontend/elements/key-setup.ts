// Keys on first need: made without a question, because there is nothing to decide; saved when it suits.
import { html, nothing, type TemplateResult } from "lit";
import { ApiProblem, type WireOwnKeys } from "./api.ts";
import { CryptoError } from "./crypto-client.ts";
import { icon } from "./icon.ts";
import { type Keyring, keyring } from "./keyring.ts";
import { LightElement } from "./light.ts";
import { restoreFromFile, saveRecovery } from "./recovery.ts";

/** True when the member should be asked to save a recovery file now. */
function isRecoveryDue({ recovery }: WireOwnKeys): boolean {
  return recovery.tested_ms === null && (recovery.remind_ms === null || recovery.remind_ms <= Date.now());
}

/** Keys are made once, so the code for it does not come with every chat. */
const ceremony = (): Promise<typeof import("./ceremony.ts")> => import("./ceremony.ts");

/** Draws nothing while all is well. */
export class KeySetup extends LightElement {
  #keys: Keyring | null = null;
  #busy = "";
  #trouble = "";
  /** Said once in this page; somebody who closed it is not asked again before it is due. */
  #isPostponed = false;

  override connectedCallback(): void {
    super.connectedCallback();
    document.body.addEventListener("by:keys", this.#changed);
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.body.removeEventListener("by:keys", this.#changed);
  }

  readonly #changed = (event: Event): void => {
    this.#keys = (event as CustomEvent<Keyring>).detail;
    this.requestUpdate();
  };

  readonly #begin = async (): Promise<void> => {
    this.#trouble = "";
    try {
      this.#keys = await keyring();
      if (this.#keys.state === "none") await (await ceremony()).makeKeys(this.#tell);
    } catch (error) {
      this.#explain(error);
    }
    this.#tell("");
  };

  readonly #tell = (busy: string): void => {
    this.#busy = busy;
    this.requestUpdate();
  };

  #explain(error: unknown): void {
    if (error instanceof CryptoError && error.code === "storage") {
      this.#trouble = "This browser keeps no data for this site, so keys would be lost at once. Leave private browsing or allow site data.";
    } else if (error instanceof CryptoError || error instanceof ApiProblem) this.#trouble = error.message;
    else throw error;
  }

  async #postpone(days: 1 | 7): Promise<void> {
    this.#isPostponed = true;
    this.requestUpdate();
    try {
      await (await ceremony()).remindLater(days);
    } catch (error) {
      this.#explain(error);
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.#trouble) {
      return html`<div class="notice danger" role="alert">${icon("circle-x")}<span><b>Your keys are not ready.</b> ${this.#trouble}
        <span class="actions"><button type="button" class="btn small" @click=${this.#begin}>Try again</button></span></span></div>`;
    }
    if (this.#busy) return html`<div class="notice" role="status">${icon("key-round")}<span><b>${this.#busy}</b> They are made in this browser and stay in it.</span></div>`;
    if (!this.#keys) return nothing;
    if (this.#keys.state === "elsewhere" || this.#keys.state === "replaced") return this.#missing(this.#keys.state);
    const { published, status } = this.#keys;
    if (!published || this.#isPostponed || !status.canExport || !isRecoveryDue(published)) return nothing;
    return this.#recovery();
  }

  #missing(state: "elsewhere" | "replaced"): TemplateResult {
    const [title, text] =
      state === "elsewhere"
        ? ["Your keys are not in this browser.", "Without them it cannot open or write encrypted messages."]
        : ["Your keys were replaced in another browser.", "Restore the newest ones to go on here."];
    return html`<div class="notice warn" role="status">${icon("key-round")}<span><b>${title}</b> ${text}
      <span class="actions"><button type="button" class="btn small" @click=${restoreFromFile}>Restore from file</button><a class="btn small quiet" href="/settings/keys">Other ways</a></span></span></div>`;
  }

  #recovery(): TemplateResult {
    return html`<div class="notice" role="status">${icon("file-key-2")}<span><b>Your keys are ready.</b> Save a recovery file, so that a lost phone or a cleared browser costs you no message.
      <span class="actions"><button type="button" class="btn small" @click=${saveRecovery}>Save it now</button>
      <button type="button" class="btn small quiet" @click=${() => this.#postpone(1)}>Tomorrow</button>
      <button type="button" class="btn small quiet" @click=${() => this.#postpone(7)}>In a week</button></span></span></div>`;
  }
}

customElements.define("key-setup", KeySetup);
