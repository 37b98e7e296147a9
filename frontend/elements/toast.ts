// Short notes at the edge of the page, some of them with an undo button. Announced politely, never in the way.

export interface ToastNote {
  level: "success" | "info" | "warning" | "error";
  text: string;
  /** Address that a POST undoes the change at. */
  undo?: string;
  /** Where the member confirms that it is them; the page stays open beside it with what was typed. */
  confirm?: string;
}

declare global {
  interface HTMLElementTagNameMap {
    "by-toast": ToastElement;
  }
}

const LIFETIME_MS = 8000;
const ICONS: Record<ToastNote["level"], string> = {
  success: "circle-check",
  info: "info",
  warning: "triangle-alert",
  error: "circle-x",
};

/** One note. It leaves after eight seconds, but not while somebody points at it or has the focus in it. */
export class ToastElement extends HTMLElement {
  #timer = 0;

  connectedCallback(): void {
    this.#start();
    for (const name of ["pointerenter", "focusin"]) this.addEventListener(name, () => clearTimeout(this.#timer));
    for (const name of ["pointerleave", "focusout"]) this.addEventListener(name, () => this.#start());
    this.querySelector("[data-dismiss]")?.addEventListener("click", () => this.leave());
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    clearTimeout(this.#timer);
    // A failure stays until it is closed: eight seconds may be too short to read what went wrong.
    if (this.dataset["level"] !== "error") this.#timer = window.setTimeout(() => this.leave(), LIFETIME_MS);
  }

  leave(): void {
    const gone = this.animate([{ opacity: 0, transform: "translateY(.5rem)" }], {
      duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 160,
      fill: "forwards",
    });
    gone.onfinish = () => this.remove();
  }
}

function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.documentElement.dataset["icons"] ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

function undoForm(address: string): HTMLFormElement {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = "csrfmiddlewaretoken";
  token.value = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const button = document.createElement("button");
  button.className = "link";
  button.textContent = "Undo";
  form.append(token, button);
  return form;
}

function confirmLink(address: string): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener";
  link.className = "link";
  link.textContent = "Confirm in a new tab";
  return link;
}

/** Afterwards the note is on the page and will be read out by screen readers. Text is never parsed as markup. */
export function showToast(note: ToastNote): void {
  const toast = document.createElement("by-toast");
  toast.className = "toast";
  toast.dataset["level"] = note.level;
  const text = document.createElement("p");
  text.textContent = note.text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast-close";
  close.dataset["dismiss"] = "";
  close.setAttribute("aria-label", "Close");
  close.append(icon("x"));
  toast.append(icon(ICONS[note.level] ?? "info"), text);
  if (note.undo) toast.append(undoForm(note.undo));
  if (note.confirm) toast.append(confirmLink(note.confirm));
  toast.append(close);
  document.getElementById("toasts")?.append(toast);
}

customElements.define("by-toast", ToastElement);

// Answers of the server to htmx carry their messages in HX-Trigger, which arrives here as an event.
document.addEventListener("by:toast", (event) => {
  const { detail } = event as CustomEvent<{ notes?: ToastNote[] }>;
  for (const note of detail.notes ?? []) showToast(note);
});
