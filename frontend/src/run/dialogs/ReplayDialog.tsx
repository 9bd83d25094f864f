/** Does a run again from its beginning, on the same seed to compare, or on another one. */
import { replayRun } from "../../api/client";
import { showRun } from "../../state/commands/commands";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/dialog/Dialog";
import { DialogForm } from "../../ui/dialog/DialogForm";
import { useDialogForm } from "../../ui/dialog/useDialogForm";
import { TextField } from "../../ui/fields/TextField";

export function ReplayDialog({ runId, own }: { runId: number; own: number }) {
  const form = useDialogForm({ seed: "" });
  const seed = form.fields.seed.trim();
  const isSeed = seed === "" || /^\d+$/.test(seed);

  const replay = () =>
    form.submit(
      isSeed ? {} : { seed: "A seed is a whole number from 0 on." },
      () => replayRun(runId, seed === "" ? {} : { seed: Number(seed) }),
      async (next) => {
        await showRun(next.id);
        toast(`Replaying as “${next.name}”.`);
      },
    );

  return (
    <Dialog title="Replay">
      <DialogForm
        form={form}
        onSubmit={replay}
        actions={{ icon: "play", word: "Replay", sending: "Starting…", label: "Start replay" }}
      >
        <p className="muted">
          A new run starts like this one and makes every change at the same step. Each step is compared with
          what was recorded, to the last bit.
        </p>
        <TextField
          label="Seed"
          number
          {...form.text("seed")}
          help={`Leave empty for ${own}, the seed of this run. With another seed there is nothing to compare.`}
        />
      </DialogForm>
    </Dialog>
  );
}
