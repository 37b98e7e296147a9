/** The Merkle tree of RFC 6962 §2.1, verifying side only (algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2). */
import { type Bytes, concat, equal, FormatError } from "./bytes.ts";
import { sha256 } from "./platform.ts";

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

export const leafHash = (entry: Bytes): Promise<Bytes> => sha256(concat(LEAF, entry));
export const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(concat(NODE, left, right));
export const emptyRoot = (): Promise<Bytes> => sha256(new Uint8Array(0));

// Halving by division, because sizes may be above the 32 bits of JavaScript's bit operators.
const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/** The root that this path gives for a leaf; throws `FormatError` when the path has a wrong length. */
export async function rootFromInclusion(leaf: Bytes, index: number, size: number, path: readonly Bytes[]): Promise<Bytes> {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && 0 <= index && index < size)) {
    throw new FormatError("index", "lies outside the tree");
  }
  let node = index;
  let last = size - 1;
  let root = leaf;
  for (const sibling of path) {
    if (last === 0) throw new FormatError("path", "is too long");
    if (isOdd(node) || node === last) {
      root = await nodeHash(sibling, root);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      root = await nodeHash(root, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) throw new FormatError("path", "is too short");
  return root;
}

/** True when the proof shows that the tree of `newSize` leaves begins with the tree of `oldSize`. */
export async function verifyConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Bytes,
  newRoot: Bytes,
  proof: readonly Bytes[],
): Promise<boolean> {
  if (!(Number.isSafeInteger(oldSize) && Number.isSafeInteger(newSize)) || oldSize < 0 || oldSize > newSize) return false;
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && equal(oldRoot, await emptyRoot());
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : [...proof];
  const seed = path.shift();
  if (seed === undefined) return false;
  let node = oldSize - 1;
  let last = newSize - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  let before = seed;
  let after = seed;
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      before = await nodeHash(sibling, before);
      after = await nodeHash(sibling, after);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      after = await nodeHash(after, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equal(before, oldRoot) && equal(after, newRoot);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !isOdd(rest)) rest = half(rest);
  return rest === 1;
}
