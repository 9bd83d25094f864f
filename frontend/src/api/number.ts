/** Numbers as JSON can carry them. */
/** JSON has no NaN; the server writes non-finite numbers as words. */
export function fromWireNumber(value: number | string | null | undefined): number {
  if (value === null || value === undefined) return NaN;
  return typeof value === "number" ? value : Number(value);
}
