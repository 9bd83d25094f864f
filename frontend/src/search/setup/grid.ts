/** How many trials a whole grid over a space takes. Pure. */
import type { ReadSpace } from "./space/space";
import { POINTS } from "./space/space";

/** How many points a grid has along each axis that is searched. */
const gridSizes = (read: ReadSpace): number[] =>
  Object.entries(read.space).flatMap(([name, part]) =>
    part.fixed !== undefined ? [] : [part.values?.length ?? read.points[name] ?? POINTS],
  );

/** The most cells of a grid; conditions leave some out. */
export const gridCells = (read: ReadSpace): number =>
  gridSizes(read).reduce((product, size) => product * size, 1);

/** How many trials a whole grid takes, axis by axis: "5 × 5 × 3 = 75". Null: nothing is searched. */
export function gridText(read: ReadSpace): string | null {
  const sizes = gridSizes(read);
  if (sizes.length === 0) return null;
  const cells = gridCells(read).toLocaleString("en-US");
  return sizes.length === 1 ? cells : `${sizes.join(" × ")} = ${cells}`;
}
