// Which square of a picture is kept. Only numbers: positions run from 0 (left, top) to 1 (right, bottom).

export interface Choice {
  /** 1 keeps the largest square; 2 one of half the side. */
  zoom: number;
  x: number;
  y: number;
}

export interface Square {
  left: number;
  top: number;
  side: number;
}

/** No square is smaller, in pixels of the picture: the server refuses less. */
const LEAST_SIDE = 64;
const MOST_ZOOM = 5;

export const CENTRE: Choice = { zoom: 1, x: 0.5, y: 0.5 };

export function mostZoom(width: number, height: number): number {
  return Math.max(1, Math.min(MOST_ZOOM, Math.min(width, height) / LEAST_SIDE));
}

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

/** The choice within what the picture allows. */
export function fitted(choice: Choice, width: number, height: number): Choice {
  return {
    zoom: between(1, choice.zoom, mostZoom(width, height)),
    x: between(0, choice.x, 1),
    y: between(0, choice.y, 1),
  };
}

export function squareOf(choice: Choice, width: number, height: number): Square {
  const side = Math.min(width, height) / choice.zoom;
  return { left: (width - side) * choice.x, top: (height - side) * choice.y, side };
}

/** The choice after the picture was drawn aside by parts of the visible square. */
export function dragged(choice: Choice, width: number, height: number, across: number, down: number): Choice {
  const { side } = squareOf(choice, width, height);
  const moved = (position: number, room: number, by: number): number =>
    room > 0 ? position - (by * side) / room : position;
  const x = moved(choice.x, width - side, across);
  const y = moved(choice.y, height - side, down);
  return fitted({ zoom: choice.zoom, x, y }, width, height);
}

/** The choice with another zoom around the same middle. */
export function zoomed(choice: Choice, width: number, height: number, zoom: number): Choice {
  const before = squareOf(choice, width, height);
  const after = fitted({ ...choice, zoom }, width, height);
  const { side } = squareOf(after, width, height);
  const kept = (start: number, length: number, position: number): number =>
    length > side ? (start + (before.side - side) / 2) / (length - side) : position;
  const x = kept(before.left, width, choice.x);
  const y = kept(before.top, height, choice.y);
  return fitted({ zoom: after.zoom, x, y }, width, height);
}
