/** The trial under the pointer or the focus, highlighted in every chart and in the table. Kept apart from the search: it changes often. */
import { createStore } from "../../../state/createStore";

interface Highlight {
  hovered: number | null;
  pinned: number | null;
}

const store = createStore<Highlight>({ hovered: null, pinned: null });

export function setHovered(hovered: number | null): void {
  if (hovered !== store.get().hovered) store.set({ ...store.get(), hovered });
}

/** A click keeps the highlight; a second click releases it. */
export function togglePinned(number: number | null): void {
  const { hovered, pinned } = store.get();
  store.set({ hovered, pinned: number === pinned ? null : number });
}

export const clearHighlight = (): void => store.set({ hovered: null, pinned: null });

const current = ({ hovered, pinned }: Highlight): number | null => hovered ?? pinned;

export const useHighlighted = (): number | null => store.use(current);
/** For the rows of a long table: only the two that change render again. */
export const useIsHighlighted = (number: number): boolean => store.use((state) => current(state) === number);
export const getHighlighted = (): number | null => current(store.get());
