/** The registered scripts, asked for once: a person registers them elsewhere, by `babysit run`. */
import { useEffect, useState } from "react";
import { getScripts } from "../api/client";
import type { Trainable } from "../api/types";
import { asTrainable } from "../domain/trainable";

/** Null: still loading. A server that does not say is taken to have none. */
export function useScripts(): Trainable[] | null {
  const [scripts, setScripts] = useState<Trainable[] | null>(null);
  useEffect(() => {
    let cancelled = false;
    getScripts()
      .then((found) => found.map(asTrainable))
      .catch(() => [])
      .then((found) => {
        if (!cancelled) setScripts(found);
      });
    return () => {
      cancelled = true;
    };
  }, []);
  return scripts;
}
