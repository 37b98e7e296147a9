// Lets a member choose which square of a picture is sent. Without it the server keeps the middle.
import { pictureFile } from "./picture-file.ts";
import { CENTRE, dragged, mostZoom, squareOf, zoomed, type Choice } from "../pure/crop.ts";

declare global {
  interface HTMLElementTagNameMap {
    "by-crop": CropElement;
  }
}

/** Pixels on each side of what is shown and of what is sent. */
const SHOWN = 512;
const SENT = 640;
const WHEEL_STEP = 1.1;

type Slider = "zoom" | "x" | "y";
const SLIDERS: [Slider, string][] = [
  ["zoom", "Size"],
  ["x", "Left or right"],
  ["y", "Up or down"],
];

/**
 * Stands around a file input. A chosen picture shows in a square: sliders, dragging, two fingers and the wheel
 * move and enlarge it. When the form is sent, the square is sent in the place of the file.
 */
export class CropElement extends HTMLElement {
  #picture: ImageBitmap | undefined;
  #choice: Choice = CENTRE;
  #isSquared = false;
  #pointers = new Map<number, PointerEvent>();
  readonly #canvas = document.createElement("canvas");
  readonly #box = document.createElement("div");
  readonly #status = document.createElement("p");
  readonly #sliders = new Map<Slider, HTMLInputElement>();

  connectedCallback(): void {
    const input = this.#input;
    if (!input || this.#box.isConnected) return;
    this.#build();
    input.addEventListener("change", () => void this.#open(input.files?.[0]));
    input.form?.addEventListener("submit", () => this.#swap());
  }

  get #input(): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>("input[type=file]");
  }

  #build(): void {
    this.#box.className = "crop";
    this.#box.hidden = true;
    this.#canvas.width = this.#canvas.height = SHOWN;
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", "The part of the picture that is kept");
    const controls = document.createElement("div");
    controls.className = "crop-controls";
    for (const [name, text] of SLIDERS) controls.append(this.#slider(name, text));
    this.#box.append(this.#canvas, controls);
    this.#status.className = "hint";
    this.#status.setAttribute("role", "status");
    this.append(this.#box, this.#status);
    this.#canvas.addEventListener("pointerdown", (event) => this.#grab(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"] as const)
      this.#canvas.addEventListener(name, (event) => this.#pointers.delete(event.pointerId));
    this.#canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #slider(name: Slider, text: string): HTMLLabelElement {
    const label = document.createElement("label");
    const slider = document.createElement("input");
    slider.type = "range";
    slider.step = "any";
    slider.addEventListener("input", () => this.#slide(name, Number(slider.value)));
    // Steps of the keyboard: a range with the step "any" knows none of its own.
    slider.addEventListener("keydown", (event) => this.#key(event, name, slider));
    this.#sliders.set(name, slider);
    label.append(text, slider);
    return label;
  }

  async #open(file: File | undefined): Promise<void> {
    this.#picture?.close();
    this.#picture = undefined;
    this.#isSquared = false;
    this.#status.textContent = "";
    if (file) {
      try {
        this.#picture = await createImageBitmap(file);
      } catch {
        // The server looks at it, too, and says exactly what is wrong.
        this.#status.textContent = "This browser cannot show the file. You can send it as it is.";
      }
    }
    this.#box.hidden = !this.#picture;
    if (this.#picture) {
      this.#choice = CENTRE;
      this.#limit(this.#picture);
      this.#paint();
      this.#status.textContent = "Move the picture until you like it, then save.";
    }
  }

  #limit({ width, height }: ImageBitmap): void {
    const zoom = this.#sliders.get("zoom");
    if (zoom) [zoom.min, zoom.max] = ["1", String(mostZoom(width, height))];
    for (const name of ["x", "y"] as const) {
      const slider = this.#sliders.get(name);
      if (slider) [slider.min, slider.max] = ["0", "1"];
    }
  }

  #slide(name: Slider, value: number): void {
    const picture = this.#picture;
    if (!picture) return;
    if (name === "zoom") this.#choose(zoomed(this.#choice, picture.width, picture.height, value));
    else this.#choose({ ...this.#choice, [name]: value });
  }

  #key(event: KeyboardEvent, name: Slider, slider: HTMLInputElement): void {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    // Up shows more of what is above, wherever the zero of the slider lies.
    const sign = name === "y" && (event.key === "ArrowUp" || event.key === "ArrowDown") ? -step : step;
    const range = Number(slider.max) - Number(slider.min);
    this.#slide(
      name,
      Math.min(Number(slider.max), Math.max(Number(slider.min), Number(slider.value) + (sign * range) / 20)),
    );
  }

  #grab(event: PointerEvent): void {
    this.#pointers.set(event.pointerId, event);
    this.#canvas.setPointerCapture(event.pointerId);
  }

  #drag(event: PointerEvent): void {
    const picture = this.#picture;
    const before = this.#pointers.get(event.pointerId);
    if (!picture || !before) return;
    const size = this.#canvas.clientWidth;
    const other = [...this.#pointers.values()].find((each) => each.pointerId !== event.pointerId);
    if (other) {
      const spread = (each: PointerEvent): number =>
        Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
      const zoom = (this.#choice.zoom * spread(event)) / Math.max(1, spread(before));
      this.#choose(zoomed(this.#choice, picture.width, picture.height, zoom));
    } else {
      const across = (event.clientX - before.clientX) / size;
      const down = (event.clientY - before.clientY) / size;
      this.#choose(dragged(this.#choice, picture.width, picture.height, across, down));
    }
    this.#pointers.set(event.pointerId, event);
  }

  #wheel(event: WheelEvent): void {
    const picture = this.#picture;
    if (!picture) return;
    event.preventDefault();
    const zoom = this.#choice.zoom * (event.deltaY < 0 ? WHEEL_STEP : 1 / WHEEL_STEP);
    this.#choose(zoomed(this.#choice, picture.width, picture.height, zoom));
  }

  #choose(choice: Choice): void {
    this.#choice = choice;
    this.#isSquared = false;
    this.#paint();
  }

  #paint(): void {
    for (const [name, slider] of this.#sliders) slider.value = String(this.#choice[name]);
    this.#draw(this.#canvas);
  }

  #draw(canvas: HTMLCanvasElement): void {
    const picture = this.#picture;
    const context = canvas.getContext("2d");
    if (!picture || !context) return;
    const { left, top, side } = squareOf(this.#choice, picture.width, picture.height);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  }

  /** The form goes on by itself afterwards, with the chosen square in the place of the whole picture. */
  #swap(): void {
    const input = this.#input;
    if (!this.#picture || this.#isSquared || !input) return;
    const file = this.#square();
    if (file) {
      const files = new DataTransfer();
      files.items.add(file);
      input.files = files.files;
    }
    this.#isSquared = true;
  }

  /** The chosen square as a file; nothing when this browser cannot make one, and then the whole is sent. */
  #square(): File | undefined {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SENT;
    this.#draw(canvas);
    return pictureFile(canvas, { name: "picture", type: "image/webp", quality: 0.92 });
  }
}

customElements.define("by-crop", CropElement);
