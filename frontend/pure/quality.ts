// Whether a picture of a document can be read, judged from its grey values. Advice only: people decide.

export interface Look {
  width: number;
  height: number;
  /** Grey values of a copy that is at most some hundred pixels wide, row by row. */
  grey: Uint8Array;
  greyWidth: number;
}

const LEAST_SIDE = 800;
const LEAST_SHARPNESS = 60;
const BRIGHT = 250;
const GLARE_SHARE = 0.06;
const DARK_MEAN = 60;

/** Grey values (ITU-R BT.601) of RGBA pixels. */
export function greyOf(pixels: Uint8ClampedArray): Uint8Array {
  const grey = new Uint8Array(pixels.length / 4);
  for (let index = 0; index < grey.length; index += 1) {
    const at = index * 4;
    grey[index] = 0.299 * (pixels[at] ?? 0) + 0.587 * (pixels[at + 1] ?? 0) + 0.114 * (pixels[at + 2] ?? 0);
  }
  return grey;
}

/** The variance of the Laplacian: edges of a sharp picture differ much from what is around them. */
export function sharpness(grey: Uint8Array, width: number): number {
  const height = Math.floor(grey.length / width);
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let y = 1; y < height - 1; y += 1)
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const around = (grey[at - 1] ?? 0) + (grey[at + 1] ?? 0) + (grey[at - width] ?? 0) + (grey[at + width] ?? 0);
      const edge = around - 4 * (grey[at] ?? 0);
      sum += edge;
      squares += edge * edge;
      count += 1;
    }
  return count ? squares / count - (sum / count) ** 2 : 0;
}

/**
 * The largest share of burnt-out pixels in one of 64 fields that is darker around: a lamp mirrored in a card, not the
 * white paper that a card lies on.
 */
export function glare(grey: Uint8Array, width: number): number {
  const height = Math.floor(grey.length / width);
  const counts = new Float64Array(64);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      if ((grey[y * width + x] ?? 0) < BRIGHT) continue;
      const field = Math.floor((y * 8) / height) * 8 + Math.floor((x * 8) / width);
      counts[field] = (counts[field] ?? 0) + 1;
    }
  const burnt = counts.map((count) => count / ((width * height) / 64));
  const whole = burnt.reduce((total, share) => total + share, 0) / 64;
  // A picture that is bright all over is a scan.
  return whole > 0.5 ? 0 : whole;
}

/** What could be better, in plain words and with what to do; empty when nothing is wrong. */
export function advice({ width, height, grey, greyWidth }: Look): string[] {
  const found: string[] = [];
  if (Math.max(width, height) < LEAST_SIDE)
    found.push("The picture is small. Go closer, or take it with the camera's full size.");
  if (sharpness(grey, greyWidth) < LEAST_SHARPNESS)
    found.push("It looks blurred. Hold still, and tap on the document so that the camera focuses.");
  const mean = grey.reduce((total, value) => total + value, 0) / Math.max(1, grey.length);
  if (mean < DARK_MEAN) found.push("It is dark. Go to a window or turn on a light.");
  else if (glare(grey, greyWidth) > GLARE_SHARE)
    found.push("A light is mirrored in it. Tilt the document a little, away from the lamp.");
  return found;
}
