/** Puts a link into the clipboard with which others may watch, and nothing else. */
import { getTokenToWatch } from "../api/client";
import { below } from "../api/root";
import { runAddress } from "../state/address";
import { toast, toastProblem } from "../state/toasts";
import { Icon } from "./Icon";

export function LinkToWatch({ runId }: { runId: number }) {
  const copy = async () => {
    try {
      const { token } = await getTokenToWatch();
      const link = `${location.origin}${below(runAddress(runId))}#t=${token}`;
      // Without TLS there is no clipboard for pages; then the link is shown.
      const copied = await navigator.clipboard?.writeText(link).then(
        () => true,
        () => false,
      );
      toast(copied ? "Copied. Whoever opens the link may watch, and change nothing." : `Whoever opens this may watch: ${link}`);
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      <Icon name="out" /> Copy a link to watch
    </button>
  );
}
