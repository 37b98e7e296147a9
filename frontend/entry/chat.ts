// Loaded on chat pages only: the elements that encrypt, decrypt and show conversations.
export {};
