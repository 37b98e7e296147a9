// Loaded on the staff pages only.
import "../styles/staff.css";
import "../styles/figures.css";
import "../elements/review.ts";

// On a phone the pages stand in a row that is wider than the screen.
document.querySelector(".rail .nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
