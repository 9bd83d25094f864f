/** Where the page is served: at "/", or below a path that a reverse proxy gave it. */

/** A file of the page that lies at its root says where that is. */
const script = typeof document === "undefined" ? null : document.querySelector<HTMLScriptElement>("#theme");
const baseUrl = script ? new URL(".", script.src).pathname : "/";

/** An address of ours, given as if the page were served at "/". */
export const withBaseUrl = (path: string): string => baseUrl + path.slice(1);
