// Loaded on the pages of cart, checkout and orders.
import "../elements/countdown.ts";
import "../styles/orders.css";
