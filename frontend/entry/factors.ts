// Signing in and second steps: passkeys, keys on the screen, printing of recovery codes.
import "../elements/passkey-button.ts";
import "../elements/print-button.ts";
import "../elements/screen-keys.ts";
