// The list beside an open conversation: another chat that gets a message comes to the top and counts it.
import type { WireMessage } from "../pure/wire.ts";
import { memberId } from "./keyring.ts";

function count(row: Element): void {
  const aside = row.querySelector(".aside") ?? row;
  const known = aside.querySelector(".count");
  const unread = Number.parseInt(known?.textContent ?? "0", 10) + 1;
  const badge = document.createElement("span");
  badge.className = "count";
  const words = document.createElement("span");
  words.className = "sr";
  words.textContent = " unread";
  badge.append(String(unread), words);
  if (known) known.replaceWith(badge);
  else aside.append(badge);
  row.classList.add("unread");
}

/** Afterwards the list follows live messages; a list that fetches itself anew is left alone. */
export function followConversations(): void {
  const list = document.querySelector(".conversations:not([hx-get])");
  if (!list) return;
  document.body.addEventListener("by:message.new", (event) => {
    const { conversation, message } = (event as CustomEvent<{ conversation: string; message: WireMessage }>).detail;
    const row = list.querySelector(`a[data-conversation="${CSS.escape(conversation)}"]`);
    if (!row) return;
    list.prepend(row);
    if (message.sender !== memberId() && !row.hasAttribute("aria-current")) count(row);
  });
}
