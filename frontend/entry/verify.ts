// Loaded on the page where a member asks to be verified.
import "../elements/redact.ts";
