// Loaded on the keys page only.
import "../elements/keys-page.ts";
