// Dialogs open and close without scripts where the browser knows invoker commands; this serves the others.

/** Afterwards `commandfor` buttons work in every browser and a click on the backdrop closes a dialog. */
export function startDialogs(): void {
  const native = "command" in HTMLButtonElement.prototype;
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target instanceof HTMLDialogElement && target.open) target.close();
    const button = target.closest<HTMLButtonElement>("button[commandfor]");
    if (!button || native) return;
    const dialog = document.getElementById(button.getAttribute("commandfor") ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    if (button.getAttribute("command") === "close") dialog.close();
  });
}
