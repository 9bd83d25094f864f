/** What the server says of a search before it is started: draws, warnings, cells, time. Asked again when it changed. */
import { useEffect, useState } from "react";
import { Refused, previewSearch } from "../api/searches";
import type { NewSearch, Preview } from "../api/searches";

/** While somebody types, the server is asked no more often than this, ms. */
const TYPING_MS = 250;

export interface Previewed {
  preview: Preview | null;
  /** What the server refused, by the field it named. */
  refused: { field: string; message: string } | null;
}

/** `asked` null: it is not whole; the last answer stays. */
export function usePreview(asked: NewSearch | null): Previewed {
  const [previewed, setPreviewed] = useState<Previewed>({ preview: null, refused: null });
  const text = asked === null ? null : JSON.stringify(asked);
  useEffect(() => {
    if (text === null) return undefined;
    let left = false;
    const timer = setTimeout(() => {
      previewSearch(JSON.parse(text) as NewSearch)
        .then((preview) => {
          if (!left) setPreviewed({ preview, refused: null });
        })
        .catch((error: unknown) => {
          if (left || !(error instanceof Refused)) return;
          const refused = { field: fieldOf(error), message: error.message };
          setPreviewed(({ preview }) => ({ preview, refused }));
        });
    }, TYPING_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [text]);
  return previewed;
}

/** "body.space.learning_rate.low" → "learning_rate.low"; "trials" stays. */
export const fieldOf = (error: Refused): string => (error.field ?? "").replace(/^body\./, "").replace(/^space\./, "");
