/** How wide a place is, so that a drawing fits it. */
import type { RefObject } from "react";
import { useEffect, useState } from "react";

export function useElementWidth(container: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = container.current;
    if (!element) return undefined;
    setWidth(Math.floor(element.clientWidth));
    const sizes = new ResizeObserver((entries) =>
      setWidth(Math.floor(entries.at(-1)?.contentRect.width ?? 0)),
    );
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [container]);
  return width;
}
