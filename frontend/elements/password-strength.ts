import { strength } from "../pure/strength.ts";

/** Says in words how strong the new password beside it is. Without it the server alone decides. */
class PasswordStrength extends HTMLElement {
  connectedCallback(): void {
    const input = this.closest("form")?.querySelector<HTMLInputElement>('input[autocomplete="new-password"]');
    if (!input) return;
    const bars = Array.from({ length: 4 }, () => document.createElement("i"));
    const words = document.createElement("small");
    words.setAttribute("role", "status");
    this.className = "strength";
    this.replaceChildren(...bars, words);
    const least = Number(this.dataset.least);
    const say = (): void => {
      const found = strength(input.value, least);
      this.dataset.level = String(found.level);
      words.textContent = found.words;
    };
    input.addEventListener("input", say);
    say();
  }
}

customElements.define("password-strength", PasswordStrength);
