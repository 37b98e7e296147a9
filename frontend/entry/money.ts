/** The page of a seller's money needs only its own style. */
import "../styles/money.css";
