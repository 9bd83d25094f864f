/** Where the page is served: at "/", or below a path that a reverse proxy gave it. */

/** A file of the page that lies at its root says where that is. */
const script = typeof document === "undefined" ? null : document.querySelector<HTMLScriptElement>("#theme");
const root = script ? new URL(".", script.src).pathname : "/";

/** An address of ours, given as if the page were served at "/". */
export const below = (address: string): string => root + address.slice(1);
