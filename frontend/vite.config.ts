/** How the page is built: one entry, hashed assets, Plotly in a chunk of its own. */
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env["BABYSIT_URL"] ?? "http://127.0.0.1:8000";

/** Theme.js, the first script, asks for what the opened page needs beside the rest: told here what that is called. */
const firstNeeded: Plugin = {
  name: "first-needed",
  transformIndexHtml: {
    order: "post",
    handler: (html, { bundle }) => {
      const file = (part: string): string =>
        Object.keys(bundle ?? {}).find((name) => name.includes(part) && name.endsWith(".js")) ?? "";
      const needed = `data-charts="./${file("plotly")}" data-caviar="./${file("SearchPage")}"`;
      return bundle ? html.replace('<script id="theme"', `<script id="theme" ${needed}`) : html;
    },
  },
};

export default defineConfig({
  base: "./", // a reverse proxy may serve the page below a path
  plugins: [react(), firstNeeded],
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
