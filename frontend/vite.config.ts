/** How the page is built: one entry, hashed assets, Plotly in a chunk of its own. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["BABYSIT_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
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
