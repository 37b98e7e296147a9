// The review queue under a reviewer's hands: keys, the document's size and turn, and the claim that is kept.

import { showToast } from "./toast.ts";

const RENEW_MS = 5 * 60_000;
const STEP = 1.25;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([data-pick]), textarea, select, [contenteditable], dialog") !== null;
}

/** A decision that its toast can undo: the queue of verifications has nothing else to undo one with. */
function undoing(key: string): HTMLElement | null {
  return key === "z" ? document.querySelector<HTMLElement>("#toasts form button") : null;
}

/**
 * Stands around list, document and decisions. `j` and `k` open the next and previous line; the keys in `data-key`
 * only move the focus to what they name, so that no single key ever decides. Where several are ticked, `j` and `k`
 * walk through the boxes and `x` ticks one. Everything works without it.
 */
class ReviewElement extends HTMLElement {
  #scale = 1;
  #turns = 0;
  #timer = 0;
  readonly #press = (event: KeyboardEvent): void => this.#key(event);

  connectedCallback(): void {
    addEventListener("keydown", this.#press);
    const tools = this.querySelector<HTMLElement>("[data-viewer-tools]");
    if (tools) tools.hidden = false;
    this.querySelector("[data-pick-all]")?.addEventListener("click", (event) => this.#pickAll(event));
    tools?.addEventListener("click", (event) => this.#view((event.target as Element).closest("button")?.dataset["view"]));
    if (this.#renewAddress) this.#timer = window.setInterval(() => void this.#renew(), RENEW_MS);
  }

  disconnectedCallback(): void {
    removeEventListener("keydown", this.#press);
    clearInterval(this.#timer);
  }

  get #renewAddress(): string | undefined {
    return this.querySelector<HTMLElement>("[data-renew]")?.dataset["renew"];
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (event.key === "j" || event.key === "k") this.#move(event.key === "j" ? 1 : -1);
    else if (event.key === "x" && this.#boxes.length > 0) this.#pick();
    else {
      const found = this.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`) ?? undoing(event.key);
      if (!found) return;
      event.preventDefault();
      const details = found.closest("details");
      if (details) details.open = true;
      const field = details?.querySelector<HTMLElement>("select, input:not([type=hidden]), textarea");
      (field ?? found).focus();
    }
  }

  get #boxes(): HTMLInputElement[] {
    return [...this.querySelectorAll<HTMLInputElement>("input[data-pick]:enabled")];
  }

  #pick(): void {
    const boxes = this.#boxes;
    const box = boxes.find((each) => each === document.activeElement) ?? boxes[0];
    box?.focus();
    box?.click();
  }

  /** Ticks all, or none when all are ticked. Without this the button asks the server for the page with all ticked. */
  #pickAll(event: Event): void {
    event.preventDefault();
    const boxes = this.#boxes;
    const ticked = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = ticked;
  }

  #move(step: number): void {
    const boxes = this.#boxes;
    if (boxes.length > 0) {
      const at = boxes.findIndex((box) => box === document.activeElement);
      (at < 0 ? boxes[step > 0 ? 0 : boxes.length - 1] : boxes[at + step])?.focus();
      return;
    }
    const lines = [...this.querySelectorAll<HTMLAnchorElement>("a[data-line]")];
    const here = lines.findIndex((line) => line.hasAttribute("aria-current"));
    const next = here < 0 ? lines[step > 0 ? 0 : lines.length - 1] : lines[here + step];
    if (next) location.assign(next.href);
  }

  #view(action: string | undefined): void {
    const image = this.querySelector<HTMLElement>("[data-view-image]");
    if (!image || !action) return;
    if (action === "turn") this.#turns = (this.#turns + 1) % 4;
    else this.#scale = Math.min(5, Math.max(1, action === "in" ? this.#scale * STEP : this.#scale / STEP));
    image.style.rotate = `${this.#turns * 90}deg`;
    image.style.inlineSize = `${this.#scale * 100}%`;
    image.style.maxInlineSize = "none";
  }

  /** A hidden page is nobody at work: its claim runs out. */
  async #renew(): Promise<void> {
    const address = this.#renewAddress;
    if (!address || document.visibilityState !== "visible") return;
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    const answer = await fetch(address, { method: "POST", headers }).catch(() => undefined);
    if (answer?.status === 403) this.#stop(await answer.json());
  }

  /** The claim is kept no longer. What was typed stays, and whoever confirms first can go on with it. */
  #stop(problem: { detail?: string; confirm_at?: string }): void {
    clearInterval(this.#timer);
    showToast({ level: "error", text: problem.detail ?? "This request is no longer kept for you.", confirm: problem.confirm_at ?? "" });
  }
}

customElements.define("by-review", ReviewElement);
