// Loaded on chat pages only: the elements that encrypt, decrypt and show conversations.
import "../elements/chat-composer.ts";
import "../elements/chat-mode.ts";
import "../elements/chat-preview.ts";
import "../elements/chat-thread.ts";
import "../elements/key-setup.ts";
import { followConversations } from "../elements/chat-list.ts";

followConversations();
