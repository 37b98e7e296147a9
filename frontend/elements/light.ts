import { LitElement } from "lit";

/** An element whose parts stand in the page itself, so that the one stylesheet and the page's labels reach them. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** What the server drew stays until the first own drawing replaces it. */
  protected override willUpdate(): void {
    if (!this.hasUpdated) this.replaceChildren();
  }
}
