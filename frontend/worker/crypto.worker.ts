// The worker's end of the wire: one operation after the other, each answered once. What is inside stays inside.
import { Box } from "./box.ts";
import { Failure } from "./failure.ts";
import type { Op, Operations, Progress, Reply, Request, WorkerProblem } from "./protocol.ts";
import { DatabaseStore } from "./store.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const host = { now: () => Date.now(), isPersistent: async () => (await navigator.storage?.persisted?.()) ?? false };
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let box: Box | null = null;
let last: Promise<unknown> = Promise.resolve();

function start({ user, origin }: Operations["start"]["params"]): Promise<Operations["start"]["result"]> {
  if (!UUID.test(user) || !origin) throw new Failure("bad_request", "The page did not say who its member is.");
  box = new Box(new DatabaseStore(`beyou ${user}`), user, origin, host);
  return box.run("status", {});
}

function run(op: Op, params: Operations[Op]["params"], progress: (progress: Progress) => void): Promise<unknown> {
  if (op === "start") return start(params as Operations["start"]["params"]);
  if (!box) throw new Failure("not_started", "The page has not said who its member is.");
  return box.run(op, params as Operations[typeof op]["params"], progress);
}

function problemOf(error: unknown): WorkerProblem {
  if (error instanceof Failure) return { code: error.code, message: error.message };
  return { code: "failed", message: error instanceof Error ? error.message || error.name : String(error) };
}

async function answer({ id, op, params }: Request): Promise<void> {
  const reply = (message: Reply): void => scope.postMessage(message);
  try {
    const result = await run(op, params, (progress) => reply({ replyTo: id, progress }));
    reply({ replyTo: id, ok: true, result });
  } catch (error) {
    reply({ replyTo: id, ok: false, error: problemOf(error) });
  }
}

// One at a time: checks of order and of the pinned checkpoint read what the operation before them wrote.
scope.addEventListener("message", (event: MessageEvent<Request>) => (last = last.then(() => answer(event.data))));
