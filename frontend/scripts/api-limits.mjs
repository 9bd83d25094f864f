/** Prints src/api/limits.ts: the limits that the server publishes in openapi.json. */
import { readFileSync } from "node:fs";

const api = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
const lines = Object.entries(api["x-limits"]).map(([name, value]) => `export const ${name} = ${value};`);
console.log(
  `/** Limits of the server's API. Generated from openapi.json by \`npm run api-types\`. */\n${lines.join("\n")}`,
);
