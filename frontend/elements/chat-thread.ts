// The messages of a conversation. The page never moves under the reader: it follows the end only when the reader is
// there, and keeps the line that is being read in its place when older messages come in above.
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { linkPieces } from "../pure/links.ts";
import type { Bubble, Row } from "../pure/timeline.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { icon } from "./icon.ts";
import { LightElement } from "./light.ts";
import { showProof } from "./sheets.ts";
import { clockTime, dayName, exactTime } from "./times.ts";

const NEAR_END_PX = 64;
const NEAR_EDGE_PX = 400;
const FRESH_MS = 600;
const SPOKEN_LENGTH = 200;

type Delivery = "queued" | "failed" | "sent" | "delivered" | "read";

const TICKS: Record<Delivery, { icon: string; label: string }> = {
  queued: { icon: "clock", label: "Waiting to be sent" },
  failed: { icon: "triangle-alert", label: "Not sent" },
  sent: { icon: "check", label: "Sent" },
  delivered: { icon: "check-check", label: "Delivered" },
  read: { icon: "check-check", label: "Read" },
};

const SEALS: Record<Bubble["seal"], { icon: string; label: string } | null> = {
  pending: null,
  late: { icon: "shield-alert", label: "Not sealed in time" },
  sealed: { icon: "shield-check", label: "Sealed in the ledger" },
  erased: { icon: "shield-check", label: "The ledger proves that it was erased" },
  removed: { icon: "shield-check", label: "The ledger proves that the staff removed it" },
  altered: { icon: "shield-alert", label: "Does not match the ledger" },
  unchecked: { icon: "shield", label: "Could not be checked here" },
};

export class ChatThread extends LightElement {
  readonly #chat: Conversation | null = conversation();
  readonly #freshSince = new Map<string, number>();
  readonly #resized = new ResizeObserver(() => this.#sticks && this.#toBottom());
  #stop: (() => void) | undefined;
  #sticks = true;
  #anchor: { element: HTMLElement; top: number } | null = null;
  #isFetching = false;
  #below = 0;
  #spoken = "";
  #waiting = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = this.#chat?.watch(
      () => this.requestUpdate(),
      (bubble) => this.#arrived(bubble),
    );
    this.addEventListener("scroll", this.#scrolled, { passive: true });
    document.addEventListener("visibilitychange", this.#markRead);
    document.body.addEventListener("by:message.changed", this.#hush);
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
    this.removeEventListener("scroll", this.#scrolled);
    document.removeEventListener("visibilitychange", this.#markRead);
    document.body.removeEventListener("by:message.changed", this.#hush);
    this.#resized.disconnect();
  }

  protected override shouldUpdate(): boolean {
    return this.#chat !== null && !this.#chat.isLoading;
  }

  protected override willUpdate(): void {
    super.willUpdate();
    const { waiting } = this.#chat!.timeline;
    // Whoever sends wants to see it, wherever the page stood.
    if (waiting.length > this.#waiting && this.hasUpdated) this.#sticks = true;
    this.#waiting = waiting.length;
    this.#anchor = this.#sticks ? null : this.#firstVisible();
  }

  protected override firstUpdated(): void {
    const unread = this.querySelector<HTMLElement>("#unread");
    if (unread) {
      this.scrollTop = unread.offsetTop - this.clientHeight / 4;
      this.#sticks = this.#isNearEnd();
    } else this.#toBottom();
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    if (this.#anchor?.element.isConnected) this.scrollTop += this.#anchor.element.offsetTop - this.scrollTop - this.#anchor.top;
    else if (this.#sticks) this.#toBottom();
    if (this.#sticks) this.#chat!.receiving.settle();
    this.#markRead();
  }

  #toBottom(): void {
    this.scrollTop = this.scrollHeight;
    this.#below = 0;
  }

  #isNearEnd(): boolean {
    return this.#chat!.timeline.isAtEnd && this.scrollHeight - this.scrollTop - this.clientHeight < NEAR_END_PX;
  }

  #firstVisible(): { element: HTMLElement; top: number } | null {
    for (const element of this.querySelectorAll<HTMLElement>("li[data-message]")) {
      if (element.offsetTop + element.offsetHeight > this.scrollTop) return { element, top: element.offsetTop - this.scrollTop };
    }
    return null;
  }

  readonly #scrolled = (): void => {
    this.#sticks = this.#isNearEnd();
    if (this.#sticks && this.#below > 0) {
      this.#below = 0;
      this.requestUpdate();
    }
    this.#markRead();
    const { timeline } = this.#chat!;
    if (this.scrollTop < NEAR_EDGE_PX && timeline.from > 1) void this.#fetch(() => this.#chat!.receiving.older());
    const toEnd = this.scrollHeight - this.scrollTop - this.clientHeight;
    if (toEnd < NEAR_EDGE_PX && !timeline.isAtEnd) void this.#fetch(() => this.#chat!.receiving.newer());
  };

  async #fetch(load: () => Promise<void>): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    await load();
    await this.updateComplete;
    this.#isFetching = false;
  }

  #arrived(bubble: Bubble): void {
    this.#freshSince.set(bubble.id, performance.now());
    if (!this.#sticks) this.#below += 1;
    this.#spoken = `${this.#chat!.about.peer.name}: ${(bubble.text ?? "encrypted message").slice(0, SPOKEN_LENGTH)}`;
    this.requestUpdate();
  }

  /** Read is what stood on the screen of a visible page. */
  readonly #markRead = (): void => {
    if (document.visibilityState !== "visible" || !this.hasUpdated) return;
    const bottom = this.scrollTop + this.clientHeight;
    const seen = [...this.querySelectorAll<HTMLElement>("li[data-seq]")].reverse();
    const last = seen.find((element) => element.offsetTop + Math.min(element.offsetHeight, NEAR_END_PX) <= bottom + 1);
    if (!last) return;
    this.#chat!.read(Number(last.dataset["seq"]));
    // The list beside the conversation was drawn before this was read.
    if (this.#isNearEnd()) document.querySelector(".conversations a[aria-current] .count")?.remove();
  };

  /** What was said aloud may be what was erased or removed. */
  readonly #hush = (): void => {
    this.#spoken = "";
    this.requestUpdate();
  };

  async #end(): Promise<void> {
    await this.#chat!.receiving.toEnd();
    this.#sticks = true;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { timeline, unreadFrom, trouble, about } = this.#chat!;
    const rows = timeline.rows(unreadFrom);
    return html`
      ${trouble ? html`<p class="notice danger" role="alert">${icon("wifi-off")}<span>${trouble} What you see may be incomplete; it is asked for again by itself.</span></p>` : nothing}
      ${rows.length === 0 ? this.#empty(about.peer.name) : nothing}
      <ol class="bubbles">
        ${timeline.from > 1 ? html`<li class="skeleton older" aria-label="Loading older messages"></li>` : nothing}
        ${repeat(rows, ({ key }) => key, (row) => this.#row(row))}
      </ol>
      ${this.#below > 0 || !timeline.isAtEnd ? this.#pill() : nothing}
      <div class="sr" role="log" aria-live="polite">${this.#spoken}</div>
    `;
  }

  #empty(name: string): TemplateResult {
    return html`<div class="empty small"><h2>Say hello to ${name}</h2><p>This is the beginning of your conversation.</p></div>`;
  }

  #pill(): TemplateResult {
    const label = this.#below > 0 ? `${this.#below} new message${this.#below === 1 ? "" : "s"}` : "Newest messages";
    return html`<button type="button" class="btn small new-below" @click=${() => this.#end()}>${label}${icon("arrow-down")}</button>`;
  }

  #row(row: Row): TemplateResult {
    switch (row.kind) {
      case "day":
        return html`<li class="day"><time datetime=${new Date(row.time).toISOString()}>${dayName(row.time)}</time></li>`;
      case "unread":
        return html`<li class="first-unread" id="unread">New</li>`;
      case "mode":
        return html`<li class="day">${icon("lock")} From here on only you two can read</li>`;
      case "missing":
        return this.#missing(row.from, row.to);
      case "bubble":
        return this.#bubble(row.bubble, row.turn);
    }
  }

  #missing(from: number, to: number): TemplateResult {
    const which = from === to ? `Message ${from} is missing` : `Messages ${from} to ${to} are missing`;
    return html`<li class="missing" role="alert" data-missing=${from}>${icon("shield-alert")}<span><b>${which}.</b> The server numbered it but no longer hands it out.</span></li>`;
  }

  #bubble(bubble: Bubble, turn: boolean): TemplateResult {
    const delivery = this.#delivery(bubble);
    const altered = this.#chat!.timeline.isAlarm(bubble);
    const fresh = performance.now() - (this.#freshSince.get(bubble.id) ?? -FRESH_MS) < FRESH_MS;
    const isProven = bubble.seal === "sealed" || bubble.seal === "erased" || bubble.seal === "removed";
    const state = altered ? "altered" : bubble.sending ? bubble.sending.state : isProven ? bubble.seal : "sent";
    return html`<li class="bubble${bubble.mine ? " mine" : ""}${turn ? " turn" : ""}${fresh ? " fresh" : ""}"
      data-message=${bubble.id} data-seq=${bubble.seq ?? nothing} data-state=${state} data-delivery=${delivery ?? nothing}>
      ${this.#text(bubble)}${this.#meta(bubble, delivery)}${altered ? this.#alarm(bubble) : nothing}${this.#failure(bubble)}</li>`;
  }

  #text(bubble: Bubble): TemplateResult {
    const { text, original, problems, mine } = bubble;
    // Until the ledger proves it, what was read here before stays in sight.
    if (bubble.seal === "erased" || (bubble.wire?.erased && !this.#chat!.timeline.isAlarm(bubble))) {
      return html`<p class="closed">${icon("eraser")}Erased. Its author deleted their account.</p>`;
    }
    if (bubble.seal === "removed" || (bubble.wire?.removed && !this.#chat!.timeline.isAlarm(bubble))) {
      return html`<p class="closed">${icon("gavel")}Removed by the staff: ${bubble.wire?.removed?.reason ?? bubble.proof?.removal?.reason}</p>`;
    }
    const shown = text ?? original;
    if (shown !== null) {
      const pieces = linkPieces(shown).map(({ text: words, href }) =>
        href ? html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${words}</a>` : words,
      );
      // Who says it stands outside: inside, its letters would decide the direction of the text.
      return html`<span class="sr">${mine ? "You" : this.#chat!.about.peer.name}: </span><p dir="auto">${pieces}</p>`;
    }
    const why = problems[0]?.code === "no_keys" ? "Encrypted. Restore your keys to read it here." : "This message cannot be opened.";
    return html`<p class="closed">${icon("lock")}${why}</p>`;
  }

  #delivery(bubble: Bubble): Delivery | null {
    if (!bubble.mine) return null;
    if (bubble.sending) return bubble.sending.state;
    const { peer_read, peer_delivered } = this.#chat!.about;
    if (bubble.seq! <= peer_read) return "read";
    return bubble.seq! <= peer_delivered ? "delivered" : "sent";
  }

  #meta(bubble: Bubble, delivery: Delivery | null): TemplateResult {
    const seal = SEALS[bubble.seal];
    const tick = delivery ? TICKS[delivery] : null;
    const inside = html`<time datetime=${new Date(bubble.time).toISOString()} title=${exactTime(bubble.time)}>${clockTime(bubble.time)}</time>
      ${seal ? html`${icon(seal.icon)}<span class="sr">${seal.label}. </span>` : nothing}
      ${tick ? html`<span class="tick-${delivery}">${icon(tick.icon)}</span><span class="sr">${tick.label}. </span>` : nothing}`;
    if (bubble.seq === null) return html`<span class="meta">${inside}</span>`;
    return html`<button type="button" class="meta" @click=${() => showProof(this.#chat!, bubble.id)}>${inside}<span class="sr">Details of this message</span></button>`;
  }

  #alarm(bubble: Bubble): TemplateResult {
    const read = bubble.text === null && bubble.original !== null ? " Above is what you read here before." : "";
    return html`<div class="bubble-error" role="alert">${icon("shield-alert")}<span>This message was altered.${read}
      <button type="button" class="link" @click=${() => showProof(this.#chat!, bubble.id)}>What is wrong?</button></span></div>`;
  }

  #failure({ id, sending }: Bubble): TemplateResult | typeof nothing {
    if (sending?.state !== "failed") return nothing;
    return html`<div class="bubble-error" role="alert"><span>Not sent. ${sending.problem ?? ""}
      <button type="button" class="link" @click=${() => this.#chat!.retry(id)}>Try again</button>
      <button type="button" class="link" @click=${() => this.#chat!.giveUp(id)}>Delete</button></span></div>`;
  }
}

customElements.define("chat-thread", ChatThread);
