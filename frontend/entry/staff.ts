// Loaded on the staff pages only.
import "../styles/staff.css";
import "../styles/figures.css";
import "../elements/review.ts";
