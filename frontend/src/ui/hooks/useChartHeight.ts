/** How high the cost chart is: on a large window it grows with it. */
import { useEffect, useState } from "react";
import { usePhone, useRoomy } from "./useMediaQuery";

const PHONE_PX = 240;
const USUAL_PX = 324;
const PART_OF_WINDOW = 0.45;

export function useChartHeight(): number {
  const phone = usePhone();
  const roomy = useRoomy();
  const [windowPx, setWindowPx] = useState(() => window.innerHeight);
  useEffect(() => {
    const onResize = () => setWindowPx(window.innerHeight);
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, []);
  if (phone) return PHONE_PX;
  return roomy ? Math.max(USUAL_PX, Math.round(windowPx * PART_OF_WINDOW)) : USUAL_PX;
}
