// Loaded on the staff pages only.
import "../styles/staff.css";
import "../elements/review.ts";
