// Saving the recovery file, and using it. Saved is only what was proven: two groups are typed back before it counts.
import { html, nothing, type TemplateResult } from "lit";
import { ApiProblem } from "./api.ts";
import { recoveryProven, restoreKeys } from "./ceremony.ts";
import { CryptoError } from "./crypto-client.ts";
import { icon } from "./icon.ts";
import { keyring } from "./keyring.ts";
import { LightElement } from "./light.ts";
import { showToast } from "./toast.ts";
import type { Recovery } from "../worker/protocol.ts";

const letters = (text: string): string => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");

/** What, why and what next; anything that is not a refusal is a fault of ours and is thrown on. */
function words(error: unknown): string {
  if (error instanceof CryptoError && error.code === "wrong_passphrase") {
    return "This passphrase does not open the file. Compare it group by group; spaces and hyphens do not matter.";
  }
  if (error instanceof CryptoError && error.code === "bad_file") return "This is not a recovery file, or it is damaged. Choose the .pem file that you saved.";
  if (error instanceof CryptoError && error.code === "wrong_member") return "This file belongs to another member. Choose the one you saved for this account.";
  if (error instanceof CryptoError && error.code === "key_mismatch") {
    return "This file holds older keys, which were replaced since. Choose the newest file.";
  }
  if (error instanceof CryptoError || error instanceof ApiProblem) return error.message;
  throw error;
}

abstract class Sheet extends LightElement {
  protected trouble = "";
  protected busy = "";

  protected override firstUpdated(): void {
    this.querySelector("dialog")!.showModal();
  }

  protected tell = (busy: string): void => {
    this.busy = busy;
    this.requestUpdate();
  };

  protected async attempt(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.trouble = "";
    this.tell("…");
    try {
      await work();
    } catch (error) {
      this.trouble = words(error);
    } finally {
      this.tell("");
    }
  }

  protected close(): void {
    this.querySelector("dialog")!.close();
  }

  protected frame(title: string, content: TemplateResult): TemplateResult {
    return html`<dialog class="sheet" aria-labelledby="sheet-title" @close=${() => this.remove()}>
      <div class="dialog-head"><h2 id="sheet-title">${title}</h2>
        <button type="button" class="btn quiet icon-only" aria-label="Close" @click=${() => this.close()}>${icon("x")}</button></div>
      <div class="stack">${content}${this.trouble ? html`<p class="notice danger" role="alert">${icon("circle-x")}<span>${this.trouble}</span></p>` : nothing}</div></dialog>`;
  }
}

/** Step one: the file and its passphrase. Step two: two groups of it, typed from where they were kept. */
export class RecoverySave extends Sheet {
  #file: Recovery | null = null;
  #asked: readonly [number, number] = [0, 1];
  #step: "save" | "prove" = "save";
  #wasSaved = false;

  protected override firstUpdated(): void {
    super.firstUpdated();
    void this.attempt(async () => {
      this.#file = await (await keyring()).box.exportRecovery();
      const [a, b] = crypto.getRandomValues(new Uint32Array(2));
      const count = this.#file.groups.length;
      const first = a! % count;
      const second = (first + 1 + (b! % (count - 1))) % count;
      this.#asked = first < second ? [first, second] : [second, first];
    });
  }

  #download(): void {
    const { pem, filename } = this.#file!;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([pem], { type: "application/x-pem-file" }));
    link.download = filename;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.#wasSaved = true;
    this.requestUpdate();
  }

  async #copy(): Promise<void> {
    await navigator.clipboard.writeText(this.#file!.passphrase);
    showToast({ level: "success", text: "Passphrase copied. Put it into your password manager." });
  }

  readonly #prove = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    void this.attempt(async () => {
      const wrong = this.#asked.find((group) => letters(String(data.get(`group-${group}`))) !== letters(this.#file!.groups[group]!));
      if (wrong !== undefined) {
        this.trouble = `Group ${wrong + 1} is not right. Look at what you kept and try again, or go back to see it once more.`;
        return;
      }
      await recoveryProven();
      this.close();
      showToast({ level: "success", text: "Your recovery file is proven. Keep it safe, and its passphrase apart from it." });
    });
  };

  #turn(step: "save" | "prove"): void {
    this.trouble = "";
    this.#step = step;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    if (!this.#file) return this.frame("Save your recovery file", html`<p role="status">${this.busy ? "Preparing the file…" : nothing}</p>`);
    return this.#step === "save" ? this.#save(this.#file) : this.#quiz();
  }

  #save({ groups }: Recovery): TemplateResult {
    return this.frame(
      "Save your recovery file",
      html`<p>With this file and its passphrase you can read your messages in any browser. Nobody else can make them again for you, neither we nor the server.</p>
        <ol class="passphrase" aria-label="Passphrase">${groups.map((group) => html`<li>${group}</li>`)}</ol>
        <div class="row"><button type="button" class="btn" @click=${() => this.#download()}>${icon("download")}Save the file</button>
          <button type="button" class="btn quiet" @click=${() => this.#copy()}>${icon("copy")}Copy the passphrase</button></div>
        <p class="hint">Keep the two apart: the file where your documents are, the passphrase in a password manager or on paper.</p>
        <button type="button" class="btn soft block" ?disabled=${!this.#wasSaved} @click=${() => this.#turn("prove")}>I have both, go on${icon("arrow-right")}</button>`,
    );
  }

  #quiz(): TemplateResult {
    return this.frame(
      "Type two groups to prove it",
      html`<p>Look at what you kept, not at this page. That way you know today that it will work.</p>
        <form class="stack" @submit=${this.#prove}>
          ${this.#asked.map(
            (group) => html`<div class="field code"><label for="group-${group}">Group ${group + 1} of the passphrase</label>
              <input id="group-${group}" name="group-${group}" class="mono" required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="9"></div>`,
          )}
          <div class="row"><button class="btn" ?disabled=${this.busy !== ""}>Prove it</button><button type="button" class="btn quiet" @click=${() => this.#turn("save")}>Back</button></div>
        </form>`,
    );
  }
}

customElements.define("recovery-save", RecoverySave);

export class RecoveryRestore extends Sheet {
  readonly #restore = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    void this.attempt(async () => {
      const file = data.get("file");
      const pem = file instanceof File ? await file.text() : "";
      await restoreKeys(pem, String(data.get("passphrase")), this.tell);
      this.close();
      showToast({ level: "success", text: "Your keys are in this browser now. Older messages open here, too." });
    });
  };

  protected override render(): TemplateResult {
    return this.frame(
      "Restore your keys",
      html`<p>Choose the recovery file that you saved, and type its passphrase. Both stay in this browser.</p>
        <form class="stack" @submit=${this.#restore}>
          <div class="field"><label for="restore-file">Recovery file</label><input id="restore-file" name="file" type="file" accept=".pem,.txt,application/x-pem-file" required></div>
          <div class="field"><label for="restore-passphrase">Passphrase</label><input id="restore-passphrase" name="passphrase" class="mono" required autocomplete="off" autocapitalize="characters" spellcheck="false"></div>
          <div class="row"><button class="btn" ?disabled=${this.busy !== ""}>${icon("rotate-cw")}Restore</button><span role="status">${this.busy}</span></div>
        </form>
        <p class="hint">Lost the file? Another browser that has your keys still reads everything. Otherwise <a href="/settings/keys#replace">make new keys</a>: old messages stay closed, new ones work.</p>`,
    );
  }
}

customElements.define("recovery-restore", RecoveryRestore);

export function saveRecovery(): void {
  document.body.append(document.createElement("recovery-save"));
}

export function restoreFromFile(): void {
  document.body.append(document.createElement("recovery-restore"));
}
