import { html, type TemplateResult } from "lit";

/** One icon of the sprite, as decoration: the words stand beside it. */
export function icon(name: string): TemplateResult {
  return html`<svg class="icon" aria-hidden="true"><use href="${document.documentElement.dataset["icons"] ?? ""}#${name}"></use></svg>`;
}
