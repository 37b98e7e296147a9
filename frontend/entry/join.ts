// The sign-up page: the check against robots.
import "../elements/pow-solver.ts";
