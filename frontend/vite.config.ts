/** How the page is built: one entry, hashed assets, Plotly in a chunk of its own. */
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env["BABYSIT_URL"] ?? "http://127.0.0.1:8000";

/** The page is of no use without its charts: the browser is told of their code with the first lines of the page. */
const preloadPlotly: Plugin = {
  name: "preload-plotly",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((file) => file.includes("plotly") && file.endsWith(".js"))
        .map((file) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `./${file}` } })),
  },
};

export default defineConfig({
  base: "./", // a reverse proxy may serve the page below a path
  plugins: [react(), preloadPlotly],
  build: {
    outDir: "dist",
    target: "es2023",
    // Inlined files would be data: addresses, which the page's content policy refuses for scripts and styles.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1600,
  },
  server: { proxy: { "/api": server } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
