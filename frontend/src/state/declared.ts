/** What is declared for the open run, see `domain/declaration.ts`; and by the scripts that are registered. */
import { useEffect, useState } from "react";
import { getScripts } from "../api/client";
import type { Hyperparameter, Trainable } from "../api/types";
import { declaredOf } from "../domain/declaration";
import { asTrainable } from "../domain/trainable";
import { usePage } from "./store";

export const useDeclared = (): Hyperparameter[] => usePage((page) => declaredOf(page.open?.run, page.tasks));

/** Asked for once: a person registers scripts elsewhere, by `babysit run`. Null: still loading. A server that does not say is taken to have none. */
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
