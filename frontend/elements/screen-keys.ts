const DIGITS = [..."1234567890"];
const LETTERS = [..."abcdefghjkmnpqrstvwxyz"];

/**
 * Keys on the screen for the field that `for` names: digits, and letters with the attribute `letters`. They are
 * off until asked for, in a fixed order, and add to the field as typing does; typing, pasting and autofill go on.
 */
class ScreenKeys extends HTMLElement {
  #keys: HTMLElement | undefined;

  connectedCallback(): void {
    if (this.#keys || !this.#field) return;
    const toggle = key("Show keys on the screen", "link");
    toggle.setAttribute("aria-expanded", "false");
    this.#keys = this.#draw();
    const id = `${this.getAttribute("for")}-keys`;
    this.#keys.id = id;
    toggle.setAttribute("aria-controls", id);
    toggle.addEventListener("click", () => this.#toggle(toggle));
    this.replaceChildren(toggle, this.#keys);
  }

  get #field(): HTMLInputElement | null {
    const field = document.getElementById(this.getAttribute("for") ?? "");
    return field instanceof HTMLInputElement ? field : null;
  }

  #toggle(toggle: HTMLElement): void {
    if (!this.#keys) return;
    this.#keys.hidden = !this.#keys.hidden;
    toggle.setAttribute("aria-expanded", String(!this.#keys.hidden));
    toggle.textContent = this.#keys.hidden ? "Show keys on the screen" : "Hide the keys";
  }

  #draw(): HTMLElement {
    const group = document.createElement("div");
    group.className = "screen-keys";
    group.hidden = true;
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Keys on the screen");
    for (const sign of this.hasAttribute("letters") ? [...DIGITS, ...LETTERS] : DIGITS) {
      const button = key(sign, "btn quiet small");
      button.addEventListener("click", () => this.#type(sign));
      group.append(button);
    }
    const back = key("Delete", "btn quiet small");
    back.addEventListener("click", () => this.#type(""));
    group.append(back);
    return group;
  }

  /** Puts the sign where the cursor stands; nothing deletes what stands before it. */
  #type(sign: string): void {
    const field = this.#field;
    if (!field) return;
    const end = field.selectionEnd ?? field.value.length;
    let start = field.selectionStart ?? end;
    if (!sign && start === end) start = Math.max(0, start - 1);
    if (field.maxLength >= 0 && field.value.length - (end - start) + sign.length > field.maxLength) return;
    field.setRangeText(sign, start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, data: sign }));
  }
}

function key(text: string, kind: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = kind;
  button.textContent = text;
  return button;
}

customElements.define("screen-keys", ScreenKeys);
