/** Does a run again from its beginning, on the same seed to compare, or on another one. */
import { useState } from "react";
import { replayRun } from "../../api/client";
import { showRun } from "../../state/commands";
import { closeDialog } from "../../state/dialogs";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { TextField } from "../../ui/TextField";

export function ReplayDialog({ runId, own }: { runId: number; own: number }) {
  const [seed, setSeed] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [sending, setSending] = useState(false);

  const replay = async () => {
    const text = seed.trim();
    if (text !== "" && !/^\d+$/.test(text)) {
      setProblem("A seed is a whole number from 0 on.");
      return;
    }
    setSending(true);
    try {
      const next = await replayRun(runId, text === "" ? {} : { seed: Number(text) });
      closeDialog();
      await showRun(next.id);
      toast(`“${next.name}” does it all again.`);
    } catch (error) {
      setSending(false);
      setProblem((error as Error).message);
    }
  };

  return (
    <Dialog title="Replay">
      <form
        className="run-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending) void replay();
        }}
      >
        <p className="muted">
          A new run begins like this one and makes every change at the same step. Each step is compared with
          what was recorded, to the last bit.
        </p>
        <TextField
          label="Seed"
          number
          value={seed}
          problem={problem}
          help={`Left empty: ${own}, as in this run. With another one there is nothing to compare.`}
          onText={setSeed}
        />
        <div className="form-end">
          <button type="button" className="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-label="Start replay" aria-disabled={sending}>
            <Icon name="play" /> {sending ? "Starting…" : "Replay"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
