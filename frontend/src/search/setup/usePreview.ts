/** What the server says of a search before it is started: draws, warnings, cells, time. Asked again when it changed. */
import { useEffect, useState } from "react";
import type { NewSearch, Preview } from "../../api/searches";
import { ApiError, previewSearch } from "../../api/searches";

/** While the form is edited, the preview is requested at most this often, ms. */
const TYPING_MS = 250;

export interface Previewed {
  preview: Preview | null;
  /** What the server refused, by the field it named. */
  refused: { field: string; message: string } | null;
}

/** `asked` null: it is not whole; the last answer stays. */
export function usePreview(request: NewSearch | null): Previewed {
  const [previewed, setPreviewed] = useState<Previewed>({ preview: null, refused: null });
  const text = request === null ? null : JSON.stringify(request);
  useEffect(() => {
    if (text === null) return undefined;
    let cancelled = false;
    const timer = setTimeout(() => {
      previewSearch(JSON.parse(text) as NewSearch)
        .then((preview) => {
          if (!cancelled) setPreviewed({ preview, refused: null });
        })
        .catch((error: unknown) => {
          if (cancelled || !(error instanceof ApiError)) return;
          const refused = { field: fieldOf(error), message: error.message };
          setPreviewed(({ preview }) => ({ preview, refused }));
        });
    }, TYPING_MS);
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  }, [text]);
  return previewed;
}

/** "body.space.learning_rate.low" → "learning_rate.low"; "trials" stays. */
export const fieldOf = (error: ApiError): string =>
  (error.field ?? "").replace(/^body\./, "").replace(/^space\./, "");
