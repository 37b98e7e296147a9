// How well a password would resist guessing, in words. The server decides; this only helps while typing.
export interface Strength {
  /** 0: nothing typed; 1: too weak … 4: strong. */
  level: 0 | 1 | 2 | 3 | 4;
  words: string;
}

/** Passwords of fewer different characters are patterns. */
const FEW = 5;

/** Bits that somebody must guess at most, if every character were chosen by chance; runs count once. */
export function bits(password: string): number {
  const characters = [...password];
  const kinds: [RegExp, number][] = [[/[a-z]/, 26], [/[A-Z]/, 26], [/[0-9]/, 10], [/[^a-zA-Z0-9]/, 32]];
  const alphabet = kinds.reduce((sum, [kind, size]) => sum + (kind.test(password) ? size : 0), 0);
  const fresh = characters.filter((character, at) => !follows(characters[at - 1], character)).length;
  return fresh * Math.log2(Math.max(alphabet, 2));
}

/** Whether the character is the one before it again, or its neighbour in the alphabet or the digits. */
function follows(before: string | undefined, character: string): boolean {
  if (before === undefined) return false;
  return Math.abs((before.codePointAt(0) ?? 0) - (character.codePointAt(0) ?? 0)) <= 1;
}

export function strength(password: string, least: number): Strength {
  const length = [...password].length;
  if (length === 0) return { level: 0, words: "" };
  if (length < least) {
    const missing = least - length;
    return { level: 1, words: `Too short: ${missing === 1 ? "one more character" : `${missing} more characters`}.` };
  }
  const guess = bits(password);
  if (new Set(password).size < FEW || guess < 40) return { level: 1, words: "Weak: others guess such patterns." };
  if (guess < 60) return { level: 2, words: "Fair. A word or two more make it strong." };
  if (guess < 80) return { level: 3, words: "Good." };
  return { level: 4, words: "Strong." };
}
