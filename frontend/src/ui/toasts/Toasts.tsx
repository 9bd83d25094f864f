/** What was answered, with the way back. Stays 10 s, longer while it is read or written in. */
import { useEffect, useRef, useState } from "react";
import type { Toast } from "../../state/state";
import { dispatch, usePage } from "../../state/store";
import { ReasonForm } from "../fields/ReasonForm";
import { usePhone } from "../hooks/useMediaQuery";
import { Icon } from "../Icon";
import * as styles from "./Toasts.module.css";

const SHOWN_MS = 10_000;
/** At most one polite message in this time, ms. */
const SPEAK_MS_MIN = 10_000;

export function Toasts() {
  const toasts = usePage((page) => page.toasts);
  return (
    <section className={styles.toasts} aria-label="Notifications">
      {toasts.map((toast, i) => (
        <ToastItem key={toast.id} toast={toast} newest={i === toasts.length - 1} />
      ))}
      <Announcer text={toasts.at(-1)?.text ?? ""} />
    </section>
  );
}

/** Only the newest one asks for a reason: no reader answers a pile of questions. */
function ToastItem({ toast, newest }: { toast: Toast; newest: boolean }) {
  const [held, setHeld] = useState(false);
  const phone = usePhone();
  const [asked, setAsked] = useState(false);
  const asks = toast.why !== null && (newest || held);
  const close = () => dispatch({ type: "toast_closed", id: toast.id });
  useEffect(() => {
    if (held) return undefined;
    const timer = setTimeout(() => dispatch({ type: "toast_closed", id: toast.id }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, toast.id]);
  return (
    <div
      className={styles.toast}
      data-tone={toast.tone}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <div className={styles.toastRow}>
        {toast.tone === "problem" ? <Icon name="warn" /> : <Icon name="check" />}
        <p>{toast.text}</p>
        {toast.actions.map((action) => (
          <button
            key={action.label}
            type="button"
            className="button link"
            onClick={() => {
              close();
              action.act();
            }}
          >
            {action.label}
          </button>
        ))}
        {asks && phone && !asked ? (
          <button type="button" className="button link" aria-expanded={false} onClick={() => setAsked(true)}>
            Why? <Icon name="more" />
          </button>
        ) : null}
        <button type="button" className="button quiet square" aria-label="Dismiss" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      {toast.why && asks && (asked || !phone) ? (
        <div className={styles.why}>
          <ReasonForm why={toast.why} onGiven={close} />
        </div>
      ) : null}
    </div>
  );
}

/** Speaks the latest message, and never more than one in 10 s. */
function Announcer({ text }: { text: string }) {
  const [spoken, setSpoken] = useState("");
  const spokenAt = useRef(-Infinity);
  useEffect(() => {
    if (!text) return undefined;
    const wait = Math.max(0, spokenAt.current + SPEAK_MS_MIN - performance.now());
    const timer = setTimeout(() => {
      spokenAt.current = performance.now();
      setSpoken(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className="unseen" aria-live="polite">
      {spoken}
    </div>
  );
}
