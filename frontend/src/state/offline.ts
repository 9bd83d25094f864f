/** Whether the server is out of reach for longer than a reconnect takes. */
import { createStore } from "./createStore";

const store = createStore(false);

export const setOffline = store.set;
export const isOffline = store.get;
export const useOffline = (): boolean => store.use();

/** What a control says while it can reach nobody. */
export const OFFLINE_REASON = "Not connected to the server";

/** Everybody who waits for the server asks again now, as when the network comes back. */
export const retryNow = (): boolean => window.dispatchEvent(new Event("online"));
