// Pages with charts. The charts are drawn by the server; only their look comes from here.
import "../styles/figures.css";
