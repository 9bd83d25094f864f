/** Starts the page. The styles that all parts share come before those of the parts. */
import "./styles/tokens.css";
import "./styles/elements.css";
import "./styles/utilities.css";
import "./styles/controls.css";
import "./styles/panels.css";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { startProbe } from "./charts/perfProbe";
import { followSystemTheme } from "./ui/hooks/useTheme";

startProbe();
followSystemTheme();
const root = document.getElementById("page");
if (root) createRoot(root).render(<App />);
