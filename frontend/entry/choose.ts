// Loaded where messages are chosen for a claim or a report.
import "../elements/choose-messages.ts";
import "../styles/orders.css";
