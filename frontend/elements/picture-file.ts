/**
 * The canvas as a file of the wanted type, or of PNG where the browser cannot write that; nothing for an empty canvas.
 *
 * Encoded at once and not by `toBlob`: Chromium leaves that to idle time, so that on a busy page a form was sent
 * seconds after its button was pressed, or not before the member gave up.
 */
export function pictureFile(
  canvas: HTMLCanvasElement,
  { name, type, quality }: { name: string; type: string; quality: number },
): File | undefined {
  const [head, body] = canvas.toDataURL(type, quality).split(",");
  const written = head?.match(/^data:([^;]+);base64$/)?.[1];
  if (!body || !written) return undefined;
  return new File([Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))], name, { type: written });
}
