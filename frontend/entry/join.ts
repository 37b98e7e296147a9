// The sign-up page: the check against robots, and how strong the password is.
import "../elements/password-strength.ts";
import "../elements/pow-solver.ts";
