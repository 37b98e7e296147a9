/**
 * What each device of a conversation sent, as far as this browser verified it. A repeated, dropped or reordered
 * message contradicts its sender's own signed counter and link, whatever the server says.
 */
import type { Problem, ProblemCode } from "./protocol.ts";
import type { Store } from "./store.ts";

/** A message whose signature held. `digest` is what the device's next message must carry as `prev`. */
export interface Link {
  readonly conversation: string;
  readonly seq: number;
  readonly message: string;
  readonly device: string;
  readonly counter: number;
  readonly prev: string;
  readonly digest: string;
}

const NONE = "0".repeat(64);
/** Looking further back would cost more than the answer is worth. */
const FARTHEST = 500;

const DETAILS = {
  repeat: "Another message carries the same number of the same device.",
  gap: "The device that sent this says there is a message before it that the server does not show.",
  chain: "The message before it is not the one that its sender saw.",
} as const;

const problem = (code: keyof typeof DETAILS): Problem => ({ code: code satisfies ProblemCode, fatal: code === "repeat", detail: DETAILS[code] });

export class History {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What this message contradicts. It is remembered unless it repeats a number or stands in another's place. */
  async add(link: Link): Promise<Problem[]> {
    const [same, place, before, after] = await Promise.all([
      this.#counter(link, link.counter),
      this.#place(link, link.seq),
      this.#counter(link, link.counter - 1),
      this.#counter(link, link.counter + 1),
    ]);
    if (same && same.message !== link.message) return [problem("repeat")];
    if ((place && place.message !== link.message) || (same && same.seq !== link.seq)) return [problem("chain")];
    const found: Problem[] = [];
    if (!follows(link, before) || !precedes(link, after)) found.push(problem("chain"));
    if (link.counter > 1 && !before && (await this.#isGap(link))) found.push(problem("gap"));
    if (!same) {
      await this.#store.put("counters", [link.conversation, link.device, link.counter], link);
      await this.#store.put("places", [link.conversation, link.seq], link);
    }
    return found;
  }

  #counter({ conversation, device }: Link, counter: number): Promise<Link | undefined> {
    return this.#store.get<Link>("counters", [conversation, device, counter]);
  }

  #place({ conversation }: Link, seq: number): Promise<Link | undefined> {
    return this.#store.get<Link>("places", [conversation, seq]);
  }

  /** True only where every place before it is known, back to one that should have been its predecessor. */
  async #isGap(link: Link): Promise<boolean> {
    for (let seq = link.seq - 1; seq > 0 && seq > link.seq - FARTHEST; seq--) {
      const before = await this.#place(link, seq);
      if (!before) return false;
      if (before.device === link.device) return true;
    }
    return link.seq <= FARTHEST;
  }
}

function follows(link: Link, before: Link | undefined): boolean {
  if (link.counter <= 1) return link.counter === 1 && link.prev === NONE;
  return !before || (before.digest === link.prev && before.seq < link.seq);
}

const precedes = (link: Link, after: Link | undefined): boolean => !after || (after.prev === link.digest && after.seq > link.seq);
