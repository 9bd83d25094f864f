/** Starts the page. */
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { startProbe } from "./charts/probe";
import { followSystem } from "./components/theme";
import "./styles/tokens.css";
import "./styles/elements.css";
import "./styles/layout.css";
import "./styles/charts.css";
import "./styles/panels.css";
import "./styles/dialogs.css";

startProbe();
followSystem();
const place = document.getElementById("page");
if (place) createRoot(place).render(<App />);
