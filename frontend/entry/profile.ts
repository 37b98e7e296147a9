// Loaded on the page of the member's own profile.
import "../elements/crop.ts";
