// Shows a chosen theme or accent at once. The server renders the saved choice, so nothing flashes on the next page.

/** Applies data-theme and data-accent from the radio buttons of a form marked `data-look` while they change. */
export function followLookForms(): void {
  document.addEventListener("change", (event) => {
    const input = event.target as HTMLInputElement;
    if (!input.closest("form[data-look]")) return;
    if (input.name === "theme") document.documentElement.dataset["theme"] = input.value;
    if (input.name === "accent") document.documentElement.dataset["accent"] = input.value;
  });
}
