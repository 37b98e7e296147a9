// Lets a member cover, blur and crop parts of a document before it leaves the browser. Without it the file is sent as
// it is.
import { advice, greyOf } from "../pure/quality.ts";
import "../styles/verify.css";
import { pictureFile } from "./picture-file.ts";

type Kind = "cover" | "blur" | "crop";
interface Area {
  kind: Kind;
  /** Fractions of the picture: left, top, width, height. */
  box: [number, number, number, number];
  element: HTMLButtonElement;
}

const LONGEST_SIDE = 2000;
const LOOK_SIDE = 400;
const QUALITY = 0.9;
const STEP = 0.02;
const LEAST = 0.02;
/** A blurred area keeps so many blocks along its longer side: too few to guess letters from. */
const BLOCKS = 6;
const NAMES: Record<Kind, string> = { cover: "Covered part", blur: "Blurred part", crop: "Part that is kept" };
const TOOLS: [Kind, string][] = [
  ["cover", "Cover a part"],
  ["blur", "Blur a part"],
  ["crop", "Keep only a part"],
];

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** Stands around a file input. When the form is sent, the changed picture goes in the place of the chosen file. */
class RedactElement extends HTMLElement {
  #picture: ImageBitmap | undefined;
  #areas: Area[] = [];
  #isReady = false;
  readonly #canvas = document.createElement("canvas");
  readonly #stage = document.createElement("div");
  readonly #box = document.createElement("div");
  readonly #status = document.createElement("div");

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
    this.#box.className = "redact";
    this.#box.hidden = true;
    this.#stage.className = "redact-stage";
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", "Your document as it will be sent");
    this.#stage.append(this.#canvas);
    this.#stage.addEventListener("pointerdown", (event) => this.#draw(event));
    const tools = document.createElement("div");
    tools.className = "row";
    for (const [kind, text] of TOOLS) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn small quiet";
      button.textContent = text;
      button.addEventListener("click", () => this.#add(kind, [0.3, 0.4, 0.4, 0.2]).focus());
      tools.append(button);
    }
    const help = document.createElement("p");
    help.className = "hint";
    help.textContent =
      "Cover what a reviewer need not see, such as numbers. Leave name, portrait and date of validity. Drag across " +
      "the picture, or use the buttons; arrow keys move a part, with Shift they resize it, Delete removes it.";
    this.#box.append(tools, help, this.#stage);
    this.#status.className = "redact-advice";
    this.#status.setAttribute("role", "status");
    this.append(this.#status, this.#box);
  }

  async #open(file: File | undefined): Promise<void> {
    this.#picture?.close();
    this.#picture = undefined;
    this.#isReady = false;
    for (const area of this.#areas) area.element.remove();
    this.#areas = [];
    this.#advise([]);
    if (file) {
      try {
        this.#picture = await createImageBitmap(file);
      } catch {
        // The server looks at it, too, and says exactly what is wrong.
        this.#advise(["This browser cannot show the file. You can send it as it is."]);
      }
    }
    this.#box.hidden = !this.#picture;
    if (this.#picture) this.#show(this.#picture);
  }

  #show(picture: ImageBitmap): void {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    this.#canvas.width = Math.max(1, Math.round(picture.width * scale));
    this.#canvas.height = Math.max(1, Math.round(picture.height * scale));
    this.#paint();
    const small = document.createElement("canvas");
    const shrink = Math.min(1, LOOK_SIDE / Math.max(picture.width, picture.height));
    small.width = Math.max(1, Math.round(picture.width * shrink));
    small.height = Math.max(1, Math.round(picture.height * shrink));
    const context = small.getContext("2d", { willReadFrequently: true });
    if (!context) return;
    context.drawImage(picture, 0, 0, small.width, small.height);
    const { data } = context.getImageData(0, 0, small.width, small.height);
    const { width, height } = picture;
    const found = advice({ width, height, grey: greyOf(data), greyWidth: small.width });
    this.#advise(found.length ? [...found, "You can send it anyway."] : ["The picture looks good."]);
  }

  #advise(lines: string[]): void {
    this.#status.replaceChildren(
      ...lines.map((line) => {
        const text = document.createElement("p");
        text.textContent = line;
        return text;
      }),
    );
  }

  #paint(): void {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#picture) return;
    const { width, height } = this.#canvas;
    // What can be seen through would become black in a JPEG.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.drawImage(this.#picture, 0, 0, width, height);
    for (const { kind, box } of this.#areas) {
      const [x, y, w, h] = [box[0] * width, box[1] * height, box[2] * width, box[3] * height].map(Math.round) as [
        number,
        number,
        number,
        number,
      ];
      if (kind === "cover") {
        context.fillStyle = "#000";
        context.fillRect(x, y, w, h);
      } else if (kind === "blur") this.#blur(context, x, y, Math.max(1, w), Math.max(1, h));
    }
    this.#isReady = false;
  }

  #blur(context: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
    const block = Math.max(1, Math.ceil(Math.max(w, h) / BLOCKS));
    const tiny = document.createElement("canvas");
    tiny.width = Math.max(1, Math.round(w / block));
    tiny.height = Math.max(1, Math.round(h / block));
    const small = tiny.getContext("2d");
    if (!small) return;
    small.imageSmoothingQuality = "high";
    small.drawImage(this.#canvas, x, y, w, h, 0, 0, tiny.width, tiny.height);
    context.drawImage(tiny, 0, 0, tiny.width, tiny.height, x, y, w, h);
  }

  #add(kind: Kind, box: Area["box"]): HTMLButtonElement {
    // There is one part to keep; choosing another replaces it.
    if (kind === "crop") this.#areas.filter((area) => area.kind === "crop").forEach((area) => this.#remove(area));
    const element = document.createElement("button");
    element.type = "button";
    element.className = `redact-area ${kind}`;
    const corner = document.createElement("span");
    corner.className = "redact-corner";
    element.append(corner);
    const area: Area = { kind, box, element };
    element.addEventListener("keydown", (event) => this.#key(event, area));
    element.addEventListener("pointerdown", (event) => this.#drag(event, area));
    this.#areas.push(area);
    this.#stage.append(element);
    this.#place(area);
    return element;
  }

  #remove(area: Area): void {
    this.#areas = this.#areas.filter((each) => each !== area);
    area.element.remove();
    this.#paint();
  }

  #place(area: Area): void {
    const [x, y, w, h] = area.box;
    const width = within(w, LEAST, 1);
    const height = within(h, LEAST, 1);
    area.box = [within(x, 0, 1 - width), within(y, 0, 1 - height), width, height];
    const { style } = area.element;
    style.insetInlineStart = `${area.box[0] * 100}%`;
    style.insetBlockStart = `${area.box[1] * 100}%`;
    style.inlineSize = `${width * 100}%`;
    style.blockSize = `${height * 100}%`;
    const percent = area.box.map((part) => Math.round(part * 100));
    area.element.setAttribute(
      "aria-label",
      `${NAMES[area.kind]}: ${percent[0]} % from the left, ${percent[1]} % from the top, ` +
        `${percent[2]} % wide, ${percent[3]} % high. Arrow keys move it, with Shift they resize it, Delete removes it.`,
    );
    this.#paint();
  }

  #key(event: KeyboardEvent, area: Area): void {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP],
      ArrowDown: [0, STEP],
    };
    const move = moves[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.#remove(area);
      this.#box.querySelector("button")?.focus();
    } else if (move) {
      event.preventDefault();
      const [x, y, w, h] = area.box;
      area.box = event.shiftKey ? [x, y, w + move[0], h + move[1]] : [x + move[0], y + move[1], w, h];
      this.#place(area);
    }
  }

  /** Where the pointer is, in fractions of the picture. */
  #at(event: PointerEvent): [number, number] {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  #drag(event: PointerEvent, area: Area): void {
    event.stopPropagation();
    const isCorner = (event.target as Element).classList.contains("redact-corner");
    const [startX, startY] = this.#at(event);
    const [x, y, w, h] = area.box;
    this.#follow(event, area.element, (atX, atY) => {
      const [byX, byY] = [atX - startX, atY - startY];
      area.box = isCorner ? [x, y, w + byX, h + byY] : [x + byX, y + byY, w, h];
      this.#place(area);
    });
  }

  /** A drag across the picture covers what it passes. A finger scrolls the page instead and uses the buttons. */
  #draw(event: PointerEvent): void {
    if (event.pointerType === "touch" || event.button !== 0) return;
    const [startX, startY] = this.#at(event);
    let area: Area | undefined;
    this.#follow(event, this.#stage, (x, y) => {
      const box: Area["box"] = [Math.min(x, startX), Math.min(y, startY), Math.abs(x - startX), Math.abs(y - startY)];
      if (!area) {
        if (Math.max(box[2], box[3]) < LEAST) return;
        this.#add("cover", box);
        area = this.#areas.at(-1);
      } else {
        area.box = box;
        this.#place(area);
      }
    });
  }

  #follow(event: PointerEvent, element: HTMLElement, moved: (x: number, y: number) => void): void {
    const stop = new AbortController();
    element.setPointerCapture(event.pointerId);
    element.addEventListener("pointermove", (move) => moved(...this.#at(move)), { signal: stop.signal });
    for (const end of ["pointerup", "pointercancel"] as const)
      element.addEventListener(end, () => stop.abort(), { signal: stop.signal });
  }

  /** The form goes on by itself afterwards, with what is seen on the canvas in the place of the chosen file. */
  #swap(): void {
    const input = this.#input;
    if (!input || !this.#picture || this.#isReady) return;
    const file = pictureFile(this.#cropped(), { name: "document.jpg", type: "image/jpeg", quality: QUALITY });
    if (file) {
      const files = new DataTransfer();
      files.items.add(file);
      input.files = files.files;
    }
    this.#isReady = true;
  }

  #cropped(): HTMLCanvasElement {
    const crop = this.#areas.find((area) => area.kind === "crop");
    if (!crop) return this.#canvas;
    const { width, height } = this.#canvas;
    const [x, y, w, h] = crop.box;
    const part = document.createElement("canvas");
    part.width = Math.max(1, Math.round(w * width));
    part.height = Math.max(1, Math.round(h * height));
    part
      .getContext("2d")
      ?.drawImage(this.#canvas, x * width, y * height, part.width, part.height, 0, 0, part.width, part.height);
    return part;
  }
}

customElements.define("by-redact", RedactElement);
