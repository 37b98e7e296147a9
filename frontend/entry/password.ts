// The pages of a new password: how strong it is.
import "../elements/password-strength.ts";
