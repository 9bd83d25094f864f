/** Somebody who came by a link to watch sees everything and changes nothing; the server sees to that. */
import { usePage } from "./store";

/** Whether the page leaves out what its reader may not do. */
export const useWatching = (): boolean => usePage((page) => page.session === "viewer");
