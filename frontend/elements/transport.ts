// One hop for a draft: a frame on the open socket, else a request. Both give the server the same draft, and its id
// makes a repeat harmless, so a frame without an answer is simply asked again by request.
import type { Uuid, WireSealed } from "../pure/wire.ts";
import { api, problemOf, type WireAccepted } from "./api.ts";
import { sendFrame } from "./socket.ts";

export type Draft = WireSealed | { readonly id: Uuid; readonly text: string };

const ANSWER_MS = 6000;

interface Answer {
  readonly ref?: string;
  readonly problem?: { status?: number };
}

/** The answer to the frame; null when none came in time or the socket closed. Rejects with `ApiProblem`. */
function byFrame(conversation: Uuid, draft: Draft): Promise<WireAccepted | null> {
  const ref = crypto.randomUUID();
  return new Promise((resolve, reject) => {
    const listening = new AbortController();
    const settle = (done: () => void) => (): void => {
      listening.abort();
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(settle(() => resolve(null)), ANSWER_MS);
    const on = (type: string, use: (answer: Answer) => void): void =>
      document.body.addEventListener(type, (event) => use((event as CustomEvent<Answer>).detail), { signal: listening.signal });
    on("by:accepted", (answer) => {
      if (answer.ref === ref) settle(() => resolve(answer as unknown as WireAccepted))();
    });
    on("by:refused", (answer) => {
      if (answer.ref === ref) settle(() => reject(problemOf(answer.problem?.status ?? 400, answer.problem)))();
    });
    on("by:disconnected", settle(() => resolve(null)));
    if (!sendFrame({ type: "send", ref, conversation, draft })) settle(() => resolve(null))();
  });
}

/** The number and time that the server gave the message. Rejects with `ApiProblem`. */
export async function deliver(conversation: Uuid, draft: Draft): Promise<WireAccepted> {
  return (await byFrame(conversation, draft)) ?? api<WireAccepted>("POST", `/conversations/${conversation}/messages`, draft);
}

