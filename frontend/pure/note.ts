/** Signed notes, verifier keys and checkpoints as text (C2SP signed-note and tlog-checkpoint), Ed25519 only. */
import { type Bytes, concat, equal, FormatError, fromBase64, toHex } from "./bytes.ts";
import { sha256, utf8 } from "./platform.ts";

/** Ed25519 verification; rejects with an error of its own where the host has none. */
export type Verify = (publicKey: Bytes, signature: Bytes, data: Bytes) => Promise<boolean>;

const ED25519 = 1;
const DASH = "— ";

export interface VerifierKey {
  readonly name: string;
  readonly id: Bytes;
  readonly publicKey: Bytes;
}

/** The key of a line `<name>+<hex id>+<base64>`; throws `FormatError` with field `vkey`. */
export async function parseVerifierKey(line: string): Promise<VerifierKey> {
  const [, name, hexId, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line.trim()) ?? [];
  if (!name || !hexId || !encoded) throw new FormatError("vkey", "is not a verifier key");
  const material = fromBase64(encoded);
  if (material.length !== 33 || material[0] !== ED25519) throw new FormatError("vkey", "is not an Ed25519 key");
  const id = (await sha256(concat(utf8(`${name}\n`), material))).slice(0, 4);
  if (toHex(id) !== hexId) throw new FormatError("vkey", "has an id that is not its own");
  return { name, id, publicKey: material.slice(1) };
}

interface SignatureLine {
  readonly name: string;
  readonly id: Bytes;
  readonly signature: Bytes;
}

/** The signed text and the signature lines, not yet verified; throws `FormatError` with field `note`. */
export function splitNote(note: string): { text: string; signatures: SignatureLine[] } {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 1 || !note.endsWith("\n") || /[\0-\x09\x0b-\x1f]/.test(note)) throw new FormatError("note", "is not a signed note");
  const lines = note.slice(cut + 2, -1).split("\n");
  if (lines.length > 64) throw new FormatError("note", "has too many signatures");
  return { text: note.slice(0, cut + 1), signatures: lines.map(signatureLine) };
}

function signatureLine(line: string): SignatureLine {
  const [, name, encoded] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
  if (!name || !encoded) throw new FormatError("note", `has a line that is no signature (they begin with "${DASH}")`);
  const bytes = fromBase64(encoded);
  if (bytes.length < 5) throw new FormatError("note", "has a signature that is too short");
  return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** True when this key signed the note: every line under its name and id holds, and there is one. */
export async function isSignedBy(note: string, key: VerifierKey, verify: Verify): Promise<boolean> {
  const { text, signatures } = splitNote(note);
  const own = signatures.filter((line) => line.name === key.name && equal(line.id, key.id));
  for (const line of own) if (!(await verify(key.publicKey, line.signature, utf8(text)))) return false;
  return own.length > 0;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

/** The three lines of a checkpoint's text; throws `FormatError` with field `checkpoint`. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const [origin, size, encoded] = lines;
  if (lines.length !== 4 || lines[3] !== "" || !origin) throw new FormatError("checkpoint", "has not exactly three lines");
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size!)) throw new FormatError("checkpoint", "has no tree size");
  const root = fromBase64(encoded!);
  if (root.length !== 32 || !Number.isSafeInteger(Number(size))) throw new FormatError("checkpoint", "is out of range");
  return { origin, size: Number(size), root };
}
