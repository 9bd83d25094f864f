/** Starts the page. */
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { startProbe } from "./charts/perfProbe";
import { followSystemTheme } from "./ui/useTheme";
import "./styles/tokens.css";
import "./styles/elements.css";
import "./styles/layout.css";
import "./styles/charts.css";
import "./styles/panels.css";
import "./styles/dialogs.css";

startProbe();
followSystemTheme();
const root = document.getElementById("page");
if (root) createRoot(root).render(<App />);
