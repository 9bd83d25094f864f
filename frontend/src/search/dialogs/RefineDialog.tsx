/** A search inside the search: its box is drawn around the best trials, by a rule that can be changed. */
import { useState } from "react";
import type { SearchRow, Strategy } from "../../api/searches";
import { ApiError, refineSearch } from "../../api/searches";
import { nameOf } from "../../format/hyperparameters";
import { rounded } from "../../format/numbers";
import { closeDialog } from "../../state/dialogs";
import { navigate, searchPath } from "../../state/route";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { TextField } from "../../ui/TextField";
import { lowerFirst } from "../labels";
import { readRefinement } from "../setup/method";
import { METHODS } from "../trials";

/** The whole search may be in it: only what says how it was asked is read. */
export function RefineDialog({ search, widenEdges }: { search: SearchRow; widenEdges: boolean }) {
  const [strategy, setStrategy] = useState<Strategy>(
    search.strategy === "coarse_to_fine" || search.strategy === "grid" ? "random" : search.strategy,
  );
  const [fields, setFields] = useState({
    keep: String(search.keep),
    widen: String(search.widen),
    trials: String(search.trials_wanted),
    steps: String(search.steps),
  });
  const [beyond, setBeyond] = useState(widenEdges);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const set = (change: Partial<typeof fields>) => setFields({ ...fields, ...change });
  const refine = async () => {
    const read = readRefinement(fields);
    setProblems(read.problems);
    if (Object.keys(read.problems).length > 0) return;
    setSending(true);
    try {
      const next = await refineSearch(search.id, { ...read.request, strategy, widen_edges: beyond });
      closeDialog();
      navigate(searchPath(next.id));
      const clipped = next.clipped.map((name) => lowerFirst(nameOf(name)));
      toast(
        clipped.length > 0
          ? `Refined. At the limit of what the task allows: ${clipped.join(", ")}.`
          : "Refined: a smaller box around the best.",
      );
    } catch (error) {
      setSending(false);
      const field = error instanceof ApiError ? error.field?.replace(/^body\./, "") : null;
      setProblems({ [field && field in fields ? field : ""]: (error as Error).message });
    }
  };
  return (
    <Dialog title={beyond ? "Widen and search on" : "Refine around the best"}>
      <form
        className="short-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending) void refine();
        }}
      >
        <p className="muted">
          A new search in a box around the best {fields.keep} trials, made{" "}
          {rounded(Number(fields.widen) || 1)} times as wide on each parameter's own scale.
        </p>
        <div className="form-grid two">
          <TextField
            label="Best trials kept"
            number
            value={fields.keep}
            problem={problems["keep"]}
            onText={(keep) => set({ keep })}
          />
          <TextField
            label="Times as wide"
            number
            value={fields.widen}
            problem={problems["widen"]}
            onText={(widen) => set({ widen })}
          />
          <TextField
            label="Trials"
            number
            value={fields.trials}
            problem={problems["trials"]}
            onText={(trials) => set({ trials })}
          />
          <TextField
            label="Steps"
            number
            value={fields.steps}
            problem={problems["steps"]}
            onText={(steps) => set({ steps })}
          />
        </div>
        <label className="form-field">
          <span className="field-name">Method</span>
          <select
            className="select"
            aria-label="Method"
            value={strategy}
            onChange={(event) => setStrategy(event.target.value as Strategy)}
          >
            {METHODS.map((method) => (
              <option key={method.id} value={method.id}>
                {method.word}
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
    </Dialog>
  );
}
