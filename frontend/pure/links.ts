/** Finds web addresses in a text. Pieces are text for text nodes: nothing here ever becomes markup. */

export interface Piece {
  readonly text: string;
  /** Only ever begins with http:// or https://. */
  readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u202a-\u202e\u2066-\u2069]+/giu;
const PAIRS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** How often each character of the brackets stands in the text. */
function brackets(text: string): Map<string, number> {
  const counts = new Map(Object.entries(PAIRS).flatMap((pair) => pair.map((character) => [character, 0])));
  for (const character of text) {
    const seen = counts.get(character);
    if (seen !== undefined) counts.set(character, seen + 1);
  }
  return counts;
}

/** A sentence often ends right after an address; the mark belongs to the sentence, unless it closes a bracket in it. */
function withoutTrailingMarks(address: string): string {
  // Counted once: counting again at each mark would let a message of brackets freeze its reader's page.
  const counts = brackets(address);
  let end = address.length;
  while (end > 0) {
    const last = address[end - 1]!;
    const opening = PAIRS[last];
    const dangling = opening !== undefined && counts.get(last)! > counts.get(opening)!;
    if (!dangling && !".,;:!?…".includes(last)) break;
    if (dangling) counts.set(last, counts.get(last)! - 1);
    end--;
  }
  return address.slice(0, end);
}

/** The pieces of the text in order; joined, their texts are the text. */
export function linkPieces(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTrailingMarks(match[0]);
    if (!/^https?:\/\/[^/?#]/iu.test(address)) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) });
    pieces.push({ text: address, href: address });
    done = match.index + address.length;
  }
  if (done < text.length || pieces.length === 0) pieces.push({ text: text.slice(done) });
  return pieces;
}
