/** How the page is built: one entry, hashed assets, Plotly in a chunk of its own. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
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

/** What the page links to of the docs; as plain text, which every browser shows. */
const docs: Plugin = {
  name: "docs",
  apply: "build",
  async generateBundle() {
    const source = await readFile(join(import.meta.dirname, "../docs/several-machines.md"), "utf8");
    this.emitFile({ type: "asset", fileName: "several-machines.txt", source });
  },
};

/** A class belongs to its module. The suffix is the same for a whole module, so that it compresses well. */
function scopedName(name: string, file: string): string {
  const module = relative(import.meta.dirname, file.replace(/\?.*$/, ""));
  return `${name}_${createHash("sha256").update(module).digest("base64url").slice(0, 3)}`;
}

export default defineConfig({
  base: "./", // a reverse proxy may serve the page below a path
  plugins: [react(), firstNeeded, docs],
  css: { modules: { generateScopedName: scopedName, localsConvention: "camelCaseOnly" } },
  build: {
    outDir: "dist",
    target: "es2023",
    // Inlined files would be data: addresses, which the page's content policy refuses for scripts and styles.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1600,
  },
  server: { proxy: { "/api": server } },
  // isolate: one worker for all files. No test leaves anything behind in a module.
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    environment: "node",
    isolate: false,
  },
});
