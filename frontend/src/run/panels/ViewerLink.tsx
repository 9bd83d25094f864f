/** Puts a link into the clipboard with which others may watch, and nothing else. */

import { withBaseUrl } from "../../api/baseUrl";
import { getViewerToken } from "../../api/client";
import { runPath } from "../../state/route";
import { toast, toastError } from "../../state/toasts";
import { Icon } from "../../ui/Icon";

export function ViewerLink({ runId }: { runId: number }) {
  const copy = async () => {
    try {
      const { token } = await getViewerToken();
      const link = `${location.origin}${withBaseUrl(runPath(runId))}#t=${token}`;
      // Without TLS there is no clipboard for pages; then the link is shown.
      const copied = await navigator.clipboard?.writeText(link).then(
        () => true,
        () => false,
      );
      toast(copied ? "View-only link copied." : `View-only link: ${link}`);
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      <Icon name="link" /> Copy a link to watch
    </button>
  );
}
