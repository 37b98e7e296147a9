// Loaded where messages are chosen for a claim.
import "../elements/claim-messages.ts";
import "../styles/orders.css";
