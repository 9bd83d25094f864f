/** A viewer sees everything and changes nothing; the server enforces it. */
import { usePage } from "./store";

/** Whether the page leaves out what a viewer may not do. */
export const useIsViewer = (): boolean => usePage((page) => page.session === "viewer");
