/** Notifications of the browser about the run that is open, if somebody has asked for them. */
import type { Run, RunEvent } from "../../api/types";
import { createStore } from "../createStore";
import { recall, remember } from "../localStorage";
import { toast } from "../toasts";
import type { Badge } from "./notice";
import { noticeOf } from "./notice";

const STORED = "babysit.notify";

const isSupported = (): boolean => typeof Notification !== "undefined" && window.isSecureContext;
const isAllowed = (): boolean => isSupported() && Notification.permission === "granted";

const wanted = createStore(recall(STORED) === "on");

export const useNotify = (): boolean => wanted.use() && isAllowed();

/** Then a tab in the background stays connected. */
export const isNotifying = (): boolean => wanted.get() && isAllowed();

/** Only a press may ask the browser for its permission. */
export async function setNotify(on: boolean): Promise<void> {
  if (on && !isSupported()) {
    toast("Notifications need HTTPS or localhost. The title and the icon of this tab say it, too.");
    return;
  }
  if (on && (await Notification.requestPermission()) !== "granted") {
    toast(
      "The browser does not allow notifications for this page. Its settings for this site can change that.",
    );
    return;
  }
  remember(STORED, on ? "on" : "off");
  wanted.set(false); // the permission may be new: whoever reads it has to read it again
  wanted.set(on);
  if (on)
    toast("You will be notified when this run pauses by itself, fails or finishes. Keep this tab open.");
}

/** Who looks at the page needs no notification. */
export function notify(run: Run, event: RunEvent): void {
  if (!isNotifying() || !document.hidden) return;
  const notice = noticeOf(run, event);
  if (notice === null) return;
  const options = { body: notice.text, tag: `babysit-${run.id}`, icon: iconAddress("none") };
  try {
    const shown = new Notification(notice.title, options);
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // Phones allow them to service workers alone.
  }
}

const ICONS = { none: "panda.svg", alarm: "panda-alarm.svg", done: "panda-done.svg" };

const iconLink = (): HTMLLinkElement | null => document.querySelector("link[rel=icon]");

const iconAddress = (badge: Badge): string =>
  (iconLink()?.href ?? "").replace(/panda(-\w+)?\.svg$/, ICONS[badge]);

export function showBadge(badge: Badge): void {
  const link = iconLink();
  if (link && !link.href.endsWith(ICONS[badge])) link.href = iconAddress(badge);
}
