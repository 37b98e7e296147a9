// Saving and restoring recovery files; the sheets for it come with the first click and not with the page.

export async function saveRecovery(): Promise<void> {
  (await import("./recovery-sheet.ts")).saveRecovery();
}

export async function restoreFromFile(): Promise<void> {
  (await import("./recovery-sheet.ts")).restoreFromFile();
}
