// The pages of a new password: how strong it is, and a passkey as the second step.
import "../elements/passkey-button.ts";
import "../elements/password-strength.ts";
