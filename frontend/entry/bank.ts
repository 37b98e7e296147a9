/** The pretend bank's pages need only their own style. */
import "../styles/bank.css";
