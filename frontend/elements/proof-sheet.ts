// What the ledger says about one message, in words first and in numbers for whoever wants to check them elsewhere.
import { html, nothing, type TemplateResult } from "lit";
import { fingerprint } from "../pure/fingerprint.ts";
import { type Bubble, isWithheld } from "../pure/timeline.ts";
import type { Uuid } from "../pure/wire.ts";
import type { PinnedCheckpoint, ProofStep } from "../worker/protocol.ts";
import { ALARMS } from "./alarms.ts";
import { ApiProblem } from "./api.ts";
import { type Conversation } from "./conversation.ts";
import { CryptoError } from "./crypto-client.ts";
import { icon } from "./icon.ts";
import { keyring } from "./keyring.ts";
import { LightElement } from "./light.ts";
import { exactTime } from "./times.ts";

const STEPS: Record<ProofStep["name"], string> = {
  vkey: "The ledger signs with the key that this browser knows",
  checkpoint: "The newest checkpoint carries that signature",
  consistency: "It continues the history that this browser saw before",
  text: "What you read is what was sent",
  erasure: "The ledger says that it was erased, and its key signed that",
  removal: "The ledger says what the staff did to it, and its key signed that",
  commitment: "The fingerprint in the ledger belongs to this message",
  inclusion: "The ledger contains that fingerprint at this place",
  block: "The block around it is intact",
};

const isGone = ({ seal, wire }: Bubble): boolean => seal === "erased" || seal === "removed" || isWithheld(wire);

export class ProofSheet extends LightElement {
  chat: Conversation | null = null;
  message: Uuid = "";
  #stop: (() => void) | undefined;
  #isChecking = false;
  #trouble = "";
  #pinned: PinnedCheckpoint | null = null;
  #signer = "";

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = this.chat?.watch(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  protected override firstUpdated(): void {
    this.querySelector("dialog")!.showModal();
    void this.#look();
  }

  get #bubble(): Bubble | undefined {
    return this.chat?.timeline.find(this.message);
  }

  /** Checks again, on this device, with the bytes that this page holds. */
  async #look(): Promise<void> {
    this.#isChecking = true;
    this.requestUpdate();
    try {
      await this.chat!.check([this.message]);
      this.#pinned = await (await keyring()).box.pinned();
      this.#signer = await this.#signerOf();
      this.#trouble = "";
    } catch (error) {
      if (!(error instanceof ApiProblem) && !(error instanceof CryptoError)) throw error;
      this.#trouble = error.message;
    }
    this.#isChecking = false;
    this.requestUpdate();
  }

  async #signerOf(): Promise<string> {
    const { wire } = this.#bubble ?? {};
    const entry = this.chat!.roster?.entries.find(({ user }) => user === wire?.sender);
    return wire?.mode === "end_to_end" && entry ? fingerprint(entry.encrypt_key_id, entry.sign_key_id) : "";
  }

  protected override render(): TemplateResult {
    const bubble = this.#bubble;
    return html`<dialog class="sheet" aria-labelledby="proof-title" @close=${() => this.remove()}>
      <div class="dialog-head"><h2 id="proof-title">This message</h2>
        <button type="button" class="btn quiet icon-only" aria-label="Close" @click=${() => this.querySelector("dialog")!.close()}>${icon("x")}</button></div>
      ${bubble ? this.#body(bubble) : nothing}</dialog>`;
  }

  #body(bubble: Bubble): TemplateResult {
    return html`<div class="stack">
      ${this.#verdict(bubble)}
      ${bubble.problems.length > 0 || this.chat!.ledger.alarm ? this.#problems(bubble) : nothing}
      ${this.#trouble ? html`<p class="notice warn" role="alert">${icon("wifi-off")}<span>It could not be checked just now. ${this.#trouble}</span></p>` : nothing}
      ${bubble.proof ? this.#steps(bubble) : nothing}
      ${this.#facts(bubble)}
      <div class="row">
        <button type="button" class="btn soft" ?disabled=${this.#isChecking} @click=${() => this.#look()}>${icon("refresh-cw")}${this.#isChecking ? "Checking…" : "Check again"}</button>
        ${this.#isTheirs(bubble) ? html`<a class="btn quiet" href="/report/messages/${this.chat!.about.peer.handle}?before=${bubble.seq! + 1}&tick=${bubble.id}">${icon("flag")}Report</a>` : nothing}
        ${bubble.proof ? html`<a class="btn quiet" href="/api/v1/ledger/messages/${bubble.id}/receipt${isGone(bubble) ? "" : "?format=tlog-proof"}" download="message-${bubble.seq}.${isGone(bubble) ? "json" : "tlog-proof"}">${icon("download")}Download the receipt</a>` : nothing}
      </div>
      <p class="hint">The receipt can be checked without this site. <a href="/about/security">How it is kept safe</a></p>
    </div>`;
  }

  #verdict(bubble: Bubble): TemplateResult {
    const said = (kind: string, symbol: string, title: string, text: string): TemplateResult =>
      html`<div class="verdict ${kind}" role=${kind === "danger" ? "alert" : "status"}><span class="tick">${icon(symbol)}</span><div><h3>${title}</h3><p>${text}</p></div></div>`;
    if (this.chat!.timeline.isAlarm(bubble) || this.chat!.ledger.alarm) {
      return said("danger", "shield-alert", "Something is wrong", "Do not rely on this message. What is wrong is named below; show it to your friend and to whoever runs this place.");
    }
    const sealedAt = bubble.proof?.block?.timestampMs;
    const removal = bubble.proof?.removal;
    if (bubble.seal === "sealed" && sealedAt !== undefined) {
      const back = removal?.backMs ? ` The staff removed it on ${exactTime(removal.removedMs)} and put it back on ${exactTime(removal.backMs)}.` : "";
      return said("ok", "shield-check", "Unchanged since it was sealed", `Sealed on ${exactTime(sealedAt)}. Your browser has checked it by itself; nobody can change or remove it unnoticed.${back}`);
    }
    if (bubble.seal === "removed" && removal) {
      return said("ok", "gavel", "Removed by the staff", `The staff removed it on ${exactTime(removal.removedMs)}, not its author. The reason: ${removal.reason}. That it was sent, when and by whom stays proven, and nothing else of your conversation was changed.`);
    }
    if (bubble.wire?.removed && bubble.seal === "pending") {
      return said("", "hourglass", "Removed by the staff, not sealed yet", "The removal will be sealed within a few seconds.");
    }
    if (bubble.seal === "erased") {
      const day = new Date(bubble.proof?.erasedMs ?? 0).toLocaleDateString(undefined, { dateStyle: "long", timeZone: "UTC" });
      return said("ok", "eraser", "Erased on purpose", `Its author deleted their account, and on ${day} this message lost its text. Nothing else of your conversation was changed; the ledger proves both.`);
    }
    if (bubble.seal === "unchecked") return said("warn", "shield", "Not fully checked", "One step could not be done in this browser. It is named below.");
    if (bubble.seal === "late") {
      return said("warn", "shield-alert", "Not sealed in time", "The server took this message but does not prove that it is in the ledger. Until it does, nothing shows that it stays as it is.");
    }
    return said("", "hourglass", "Sent, not sealed yet", "It will be sealed within a few seconds.");
  }

  /** Only what the other one wrote and is still there can be shown to the staff. */
  #isTheirs(bubble: Bubble): boolean {
    return bubble.seq !== null && !isGone(bubble) && bubble.wire?.sender === this.chat!.about.peer.id && !this.chat!.about.peer.gone;
  }

  #problems(bubble: Bubble): TemplateResult {
    const { alarm } = this.chat!.ledger;
    return html`<ul class="problems">${alarm ? html`<li>${ALARMS[alarm]}</li>` : nothing}${bubble.problems.map(({ detail }) => html`<li>${detail}</li>`)}
      ${bubble.original !== null && bubble.original !== bubble.text ? html`<li>This browser read before: <q dir="auto">${bubble.original}</q></li>` : nothing}</ul>`;
  }

  #steps(bubble: Bubble): TemplateResult {
    const steps = [...this.chat!.ledger.steps, ...bubble.proof!.steps];
    return html`<ol class="proof-steps">${steps.map((step) => this.#step(step))}</ol>`;
  }

  #step({ name, state, detail, expected, found }: ProofStep): TemplateResult {
    const symbol = { ok: "check", failed: "x", unchecked: "info" }[state];
    const label = { ok: "Holds", failed: "Fails", unchecked: "Not checked" }[state];
    return html`<li data-step=${name} data-state=${state}><span class="tick">${icon(symbol)}<span class="sr">${label}: </span></span>
      <div><b>${STEPS[name]}</b>${state === "ok" ? nothing : html`<p>${detail}</p>${expected && found ? html`<p class="mono wrap">expected ${expected}<br>found ${found}</p>` : nothing}`}</div></li>`;
  }

  #facts(bubble: Bubble): TemplateResult {
    const fact = (term: string, value: unknown): TemplateResult | typeof nothing =>
      value === "" || value === null || value === undefined ? nothing : html`<div><dt>${term}</dt><dd class="wrap">${value}</dd></div>`;
    const { proof, wire } = bubble;
    return html`<details class="facts"><summary>Numbers</summary><dl>
      ${fact("Message number", bubble.seq)}
      ${fact("Received by the server", exactTime(bubble.time))}
      ${fact("Encryption", wire?.mode === "end_to_end" ? "End to end, RSA-3072 and AES-256-GCM, signed" : "On the server, AES-256-GCM")}
      ${fact("Block", proof?.block?.number)}
      ${fact("Block hash", proof?.block ? html`<span class="mono">${proof.block.hash}</span>` : "")}
      ${fact("Entry in the ledger", proof?.index)}
      ${fact("Checkpoint", this.#pinned ? html`${this.#pinned.size} entries, root <span class="mono">${this.#pinned.root}</span>` : "")}
      ${fact("Keys of the sender", this.#signer ? html`<span class="mono">${this.#signer}</span>` : "")}
      ${fact("Id", html`<span class="mono">${bubble.id}</span>`)}
    </dl></details>`;
  }
}

customElements.define("proof-sheet", ProofSheet);

/** Opens the sheet of one message; it goes away when closed and gives the focus back. */
export function showProof(chat: Conversation, message: Uuid): void {
  const sheet = document.createElement("proof-sheet") as ProofSheet;
  sheet.chat = chat;
  sheet.message = message;
  document.body.append(sheet);
}
