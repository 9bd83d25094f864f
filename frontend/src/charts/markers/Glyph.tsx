/** The shape of a kind of marker. Drawn, because not every font has every shape. */
import type { MarkerKind } from "../../domain/markers";

const SHAPES: Record<MarkerKind, string> = {
  lr: "M6 .8L11.200 6L6 11.200L.800 6z",
  momentum: "M6 1.400a4.600 4.600 0 1 1 0 9.200a4.600 4.600 0 1 1 0-9.200",
  batch: "M1.600 1.600h8.800v8.800h-8.800z",
  change: "M6 .8l5.200 3.800l-2 6.100h-6.400l-2-6.100z",
  pause: "M6 1l5.300 9.500h-10.600z",
  note: "M1.300 10.700l.7-3L8.300 1.400l2.300 2.300L4.300 10z",
  fork: "M3.500 1v10M3.500 8c0-3.500 5.500-2 5.500-7",
};

export function Glyph({ kind }: { kind: MarkerKind }) {
  return (
    <svg className="glyph" viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
      {kind === "fork" ? (
        <path d={SHAPES.fork} fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      ) : (
        <path d={SHAPES[kind]} fill="currentColor" />
      )}
    </svg>
  );
}
