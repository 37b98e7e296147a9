// Shows its button, which copies what stands in the element that `for` names. Without scripts people select it.
import { showToast } from "./toast.ts";

class CopyText extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => void this.#copy());
  }

  async #copy(): Promise<void> {
    const source = document.getElementById(this.getAttribute("for") ?? "");
    try {
      await navigator.clipboard.writeText(source?.textContent.trim() ?? "");
      showToast({ level: "success", text: "Copied." });
    } catch {
      showToast({ level: "error", text: "Your browser does not let us copy. Select the text and copy it yourself." });
    }
  }
}

customElements.define("copy-text", CopyText);
