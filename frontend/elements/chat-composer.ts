// The form below a conversation. It works without this script in standard mode; with it, messages appear at once and
// leave by themselves, and what stands in the way is said here, above the field.
import { html, nothing, render, type TemplateResult } from "lit";
import { utf8 } from "../pure/platform.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { CryptoError } from "./crypto-client.ts";
import { icon } from "./icon.ts";
import { keyring } from "./keyring.ts";
import { ALARMS } from "./alarms.ts";
import { showSafety } from "./sheets.ts";

const LIMIT_BYTES = 65_536;
/** From here on the field says how much is left. */
const NEAR_LIMIT_BYTES = 60_000;
const DRAFT_MS = 300;

export class ChatComposer extends HTMLElement {
  readonly #chat: Conversation | null = conversation();
  readonly #notices = document.createElement("div");
  #form: HTMLFormElement | null = null;
  #field: HTMLTextAreaElement | null = null;
  #stop: (() => void) | undefined;
  #draftTimer = 0;
  #trouble = "";
  #wasTouched = false;
  /** Sending was asked for while the conversation was still loading. */
  #isDue = false;

  connectedCallback(): void {
    if (!this.#chat?.about.open) return;
    // The server draws no form for an encrypted conversation: before this script runs it could only leak the text.
    if (!this.querySelector("form")) {
      this.replaceChildren();
      render(sealedForm(this.#chat.about.peer.name), this);
    }
    this.#form = this.querySelector("form")!;
    this.#field = this.querySelector("textarea")!;
    this.#notices.className = "composer-notices";
    this.#form.before(this.#notices);
    this.#form.addEventListener("submit", this.#submitted);
    this.#field.addEventListener("keydown", this.#pressed);
    this.#field.addEventListener("input", this.#typed);
    // The limit counts bytes, not characters, and a cut paste would lose text; too long is said instead.
    this.#field.removeAttribute("maxlength");
    addEventListener("pagehide", this.#leave);
    this.#stop = this.#chat.watch(this.#followed);
    void this.#restoreDraft();
    this.#paint();
  }

  disconnectedCallback(): void {
    this.#stop?.();
    removeEventListener("pagehide", this.#leave);
  }

  readonly #followed = (): void => {
    if (this.#isDue && !this.#chat!.isLoading) void this.#send();
    this.#paint();
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form!.requestSubmit();
  };

  readonly #typed = (): void => {
    this.#wasTouched = true;
    this.#trouble = "";
    this.#chat!.typed();
    clearTimeout(this.#draftTimer);
    this.#draftTimer = window.setTimeout(() => void this.#keepDraft(), DRAFT_MS);
    this.#paint();
  };

  readonly #submitted = (event: SubmitEvent): void => {
    // Without storage nothing can be queued or encrypted: a readable message may still leave as a plain form.
    if (this.#chat!.obstacle === "storage" && this.#chat!.about.mode === "standard") return;
    event.preventDefault();
    void this.#send();
  };

  async #send(): Promise<void> {
    const field = this.#field!;
    // Not trimmed: what was typed is what arrives, indentation too.
    const text = field.value;
    if (text.trim() === "") return;
    // Whoever was quicker than the page need not press again.
    this.#isDue = this.#chat!.isLoading;
    if (this.#isDue) return;
    const bytes = utf8(text).length;
    if (bytes > LIMIT_BYTES) {
      this.#trouble = `This message is too long: it has ${bytes.toLocaleString()} bytes and ${LIMIT_BYTES.toLocaleString()} fit. Send it in parts; nothing was lost.`;
      return this.#paint();
    }
    // Emptied before anything is awaited: a second click finds nothing to send.
    field.value = "";
    field.focus();
    try {
      await this.#chat!.send(text);
      await this.#keepDraft();
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      field.value = text;
      this.#trouble = `Nothing was sent. ${error.message}`;
    }
    this.#paint();
  }

  async #restoreDraft(): Promise<void> {
    try {
      const draft = await (await keyring()).box.getDraft(this.#chat!.id);
      if (draft && !this.#wasTouched && this.#field!.value === "") this.#field!.value = draft;
    } catch {
      // Without storage there are no drafts; the conversation says so by itself.
    }
  }

  async #keepDraft(): Promise<void> {
    clearTimeout(this.#draftTimer);
    try {
      await (await keyring()).box.putDraft(this.#chat!.id, this.#field!.value);
    } catch {
      // As above: the text still stands in the field.
    }
  }

  readonly #leave = (): void => void this.#keepDraft();

  #paint(): void {
    const { isTyping, about } = this.#chat!;
    render(
      html`<key-setup></key-setup>${this.#alarm()}${this.#peerKeys()}${this.#connection()}${this.#length()}
        ${this.#trouble ? notice("danger", "circle-x", html`${this.#trouble}`) : nothing}
        <p class="typing" aria-live="polite">${isTyping ? html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${about.peer.name} is writing` : nothing}</p>`,
      this.#notices,
    );
  }

  #alarm(): TemplateResult | typeof nothing {
    const { alarm } = this.#chat!.ledger;
    if (!alarm) return nothing;
    return notice("danger", "shield-alert", html`<b>The ledger contradicts itself.</b> ${ALARMS[alarm]} Tell whoever runs this place, and do not rely on what you read here.`);
  }

  #peerKeys(): TemplateResult | typeof nothing {
    const { peerKeys, about } = this.#chat!;
    if (!peerKeys) return nothing;
    return notice(
      "warn",
      "key-round",
      html`<b>${about.peer.name} has new keys.</b> That happens with a new browser or phone, and also when somebody poses as ${about.peer.name}. Messages wait until you decide.
        <span class="actions"><button type="button" class="btn small" @click=${() => this.#chat!.acceptPeer()}>Go on with the new keys</button>
        <button type="button" class="btn small quiet" @click=${() => showSafety(this.#chat!)}>Compare numbers</button></span>`,
    );
  }

  #connection(): TemplateResult | typeof nothing {
    const { obstacle, isOffline, timeline, about, isLoading } = this.#chat!;
    const queued = timeline.waiting.filter(({ sending }) => sending?.state === "queued").length;
    const waits = queued === 0 ? "" : queued === 1 ? " One message waits and leaves by itself." : ` ${queued} messages wait and leave by themselves.`;
    if (obstacle === "signed_out") return notice("warn", "log-in", html`You are signed out here.${waits} <a href="/sign-in?next=/chats/${about.id}">Sign in again</a>`);
    if (obstacle === "storage") return notice("warn", "triangle-alert", html`This browser keeps no data for this site, so there is nowhere for keys to live. Leave private browsing or allow site data, then load the page again.`);
    if (isOffline && !isLoading && (queued > 0 || !navigator.onLine)) return notice("plain", "wifi-off", html`You are offline.${waits}`);
    if (obstacle === "keys" && queued > 0) return notice("plain", "clock", html`Waiting for your keys.${waits}`);
    return nothing;
  }

  #length(): TemplateResult | typeof nothing {
    const bytes = this.#field!.value.length < NEAR_LIMIT_BYTES / 4 ? 0 : utf8(this.#field!.value).length;
    if (bytes < NEAR_LIMIT_BYTES) return nothing;
    const left = LIMIT_BYTES - bytes;
    return html`<p class="hint count-left" role="status">${left >= 0 ? `${left.toLocaleString()} bytes left` : `${(-left).toLocaleString()} bytes too long`}</p>`;
  }
}

function sealedForm(name: string): TemplateResult {
  return html`<form class="composer"><textarea rows="1" placeholder="Message" aria-label="Message to ${name}" dir="auto" enterkeyhint="send"></textarea>
    <button class="btn icon-only" aria-label="Send">${icon("send-horizontal")}</button></form>`;
}

function notice(kind: string, symbol: string, content: TemplateResult): TemplateResult {
  return html`<div class="notice ${kind}" role=${kind === "danger" ? "alert" : "status"}>${icon(symbol)}<span>${content}</span></div>`;
}

customElements.define("chat-composer", ChatComposer);
