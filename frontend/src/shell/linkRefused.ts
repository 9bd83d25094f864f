/** Whether this visit began with a link whose token the server does not know. */
import { createStore } from "../state/createStore";

export const linkRefused = createStore(false);
