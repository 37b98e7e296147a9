/** A button that prints the page; without scripts there is none, and the browser's own menu prints. */
class PrintButton extends HTMLElement {
  connectedCallback(): void {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn quiet";
    button.textContent = "Print";
    button.addEventListener("click", () => window.print());
    this.replaceChildren(button);
  }
}

customElements.define("print-button", PrintButton);
