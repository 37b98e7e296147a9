// Sheets open on a click, so their code comes with the first click and not with the page.
import type { Uuid } from "../pure/wire.ts";
import type { Conversation } from "./conversation.ts";

export async function showProof(chat: Conversation, message: Uuid): Promise<void> {
  (await import("./proof-sheet.ts")).showProof(chat, message);
}

export async function showSafety(chat: Conversation): Promise<void> {
  (await import("./safety-sheet.ts")).showSafety(chat);
}
