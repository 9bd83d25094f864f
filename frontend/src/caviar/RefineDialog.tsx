/** A search inside the search: its box is drawn around the best trials, by a rule that can be changed. */
import { useState } from "react";
import { Refused, refineSearch } from "../api/searches";
import type { SearchRow, Strategy } from "../api/searches";
import { nameOf } from "../charts/markers";
import { Icon } from "../components/Icon";
import { Sheet } from "../components/Sheet";
import { PlainField } from "../forms/PlainField";
import { go, searchAddress } from "../state/address";
import { closeDialog } from "../state/dialogs";
import { toast } from "../state/toasts";
import { rounded } from "../text/numbers";
import { readRefinement } from "./method";
import { METHODS } from "./trials";
import { inText } from "./words";

/** The whole search may be in it: only what says how it was asked is read. */
export function RefineDialog({ search, widenEdges }: { search: SearchRow; widenEdges: boolean }) {
  const [strategy, setStrategy] = useState<Strategy>(search.strategy === "coarse_to_fine" || search.strategy === "grid" ? "random" : search.strategy);
  const [plain, setPlain] = useState({
    keep: String(search.keep),
    widen: String(search.widen),
    trials: String(search.trials_wanted),
    steps: String(search.steps),
  });
  const [beyond, setBeyond] = useState(widenEdges);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const set = (change: Partial<typeof plain>) => setPlain({ ...plain, ...change });
  const refine = async () => {
    const read = readRefinement(plain);
    setProblems(read.problems);
    if (Object.keys(read.problems).length > 0) return;
    setSending(true);
    try {
      const next = await refineSearch(search.id, { ...read.asked, strategy, widen_edges: beyond });
      closeDialog();
      go(searchAddress(next.id));
      const clipped = next.clipped.map((name) => inText(nameOf(name)));
      toast(clipped.length > 0 ? `Refined. At the limit of what the task allows: ${clipped.join(", ")}.` : "Refined: a smaller box around the best.");
    } catch (error) {
      setSending(false);
      const field = error instanceof Refused ? error.field?.replace(/^body\./, "") : null;
      setProblems({ [field && field in plain ? field : ""]: (error as Error).message });
    }
  };
  return (
    <Sheet title={beyond ? "Widen and search on" : "Refine around the best"}>
      <form
        className="short-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending) void refine();
        }}
      >
        <p className="muted">
          A new search in a box around the best {plain.keep} trials, made {rounded(Number(plain.widen) || 1)} times as wide on each parameter's own scale.
        </p>
        <div className="form-grid two">
          <PlainField label="Best trials kept" number value={plain.keep} problem={problems["keep"]} onText={(keep) => set({ keep })} />
          <PlainField label="Times as wide" number value={plain.widen} problem={problems["widen"]} onText={(widen) => set({ widen })} />
          <PlainField label="Trials" number value={plain.trials} problem={problems["trials"]} onText={(trials) => set({ trials })} />
          <PlainField label="Steps" number value={plain.steps} problem={problems["steps"]} onText={(steps) => set({ steps })} />
        </div>
        <label className="form-field">
          <span className="field-name">Method</span>
          <select className="select" aria-label="Method" value={strategy} onChange={(event) => setStrategy(event.target.value as Strategy)}>
            {METHODS.map((one) => (
              <option key={one.id} value={one.id}>
                {one.word}
              </option>
            ))}
          </select>
        </label>
        <label className="check">
          <input type="checkbox" checked={beyond} onChange={(event) => setBeyond(event.target.checked)} />
          Move the box beyond an edge where the best value sits
        </label>
        {problems[""] ? (
          <p className="problem" role="alert">
            {problems[""]}
          </p>
        ) : null}
        <div className="form-end">
          <button type="button" className="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-disabled={sending}>
            <Icon name="play" /> {sending ? "Starting…" : "Start refined search"}
          </button>
        </div>
      </form>
    </Sheet>
  );
}
