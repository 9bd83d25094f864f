/** Where the focus goes when the next run is shown: to what a person does first there. */
export type FocusTarget = "pause" | "chart";

let wanted: FocusTarget | null = null;

export const focusNext = (target: FocusTarget): void => {
  wanted = target;
};

/** Asked once by the page of the run. */
export function takeFocus(): FocusTarget | null {
  const target = wanted;
  wanted = null;
  return target;
}
