/** A search inside the search: its box is drawn around the best trials, by a rule that can be changed. */
import { useState } from "react";
import type { SearchRow, Strategy } from "../../api/searches";
import { refineSearch } from "../../api/searches";
import { nameOf } from "../../format/hyperparameters";
import { rounded } from "../../format/numbers";
import { navigate, searchPath } from "../../state/route";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/dialog/Dialog";
import { DialogForm } from "../../ui/dialog/DialogForm";
import { useDialogForm } from "../../ui/dialog/useDialogForm";
import { TextField } from "../../ui/fields/TextField";
import { lowerFirst } from "../labels";
import { readRefinement } from "../setup/method";
import { METHODS } from "../trials";

/** The whole search may be in it: only what says how it was asked is read. */
export function RefineDialog({ search, widenEdges }: { search: SearchRow; widenEdges: boolean }) {
  const [strategy, setStrategy] = useState<Strategy>(
    search.strategy === "coarse_to_fine" || search.strategy === "grid" ? "random" : search.strategy,
  );
  const isOpenEnded = search.script?.limited === false; // each trial ends as its script does
  const form = useDialogForm({
    keep: String(search.keep),
    widen: String(search.widen),
    trials: String(search.trials_wanted),
    steps: isOpenEnded ? "" : String(search.steps),
  });
  const [beyond, setBeyond] = useState(widenEdges);
  const refine = () => {
    const { steps, ...others } = form.fields;
    const { request, problems } = readRefinement(
      isOpenEnded && !steps.trim() ? others : { steps, ...others },
    );
    form.submit(
      problems,
      () => refineSearch(search.id, { ...request, strategy, widen_edges: beyond }),
      (next) => {
        navigate(searchPath(next.id));
        const clipped = next.clipped.map((name) => lowerFirst(nameOf(name)));
        toast(
          clipped.length > 0
            ? `Refined. At the limit of what the task allows: ${clipped.join(", ")}.`
            : "Refined: smaller ranges around the best trials.",
        );
      },
    );
  };
  return (
    <Dialog title={beyond ? "Widen and search on" : "Refine around the best"}>
      <DialogForm
        form={form}
        onSubmit={refine}
        actions={{ icon: "play", word: "Start refined search", sending: "Starting…" }}
      >
        <p className="muted">
          A new search in the ranges around the best {form.fields.keep} trials, made{" "}
          {rounded(Number(form.fields.widen) || 1)} times as wide on each parameter's own scale.
        </p>
        <div className="form-grid two">
          <TextField label="Best trials kept" number {...form.text("keep")} />
          <TextField label="Times as wide" number {...form.text("widen")} />
          <TextField label="Trials" number {...form.text("trials")} />
          <TextField
            label="Steps"
            number
            {...form.text("steps")}
            placeholder={isOpenEnded ? String(search.steps) : undefined}
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
          Extend a range where the best value is at its edge
        </label>
      </DialogForm>
    </Dialog>
  );
}
