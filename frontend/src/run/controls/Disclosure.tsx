/** A button that opens what is rarely needed below it. */
import type { ReactNode } from "react";
import { useId, useState } from "react";
import { Icon } from "../../ui/Icon";
import * as styles from "./Disclosure.module.css";

export interface DisclosureProps {
  /** The accessible name of the button. */
  label: string;
  /** What stands on it, where that is not its name. */
  name?: ReactNode;
  hint: string;
  /** Called only while it is open. */
  children: () => ReactNode;
}

export function Disclosure({ label, name, hint, children }: DisclosureProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <button
        type="button"
        className={styles.disclosure}
        aria-label={label}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {name ?? <span className="small-text">{label}</span>}
        <span className="muted small-text" aria-hidden="true">
          {hint}
        </span>
        <span className={open ? `${styles.turn} ${styles.open}` : styles.turn}>
          <Icon name="down" />
        </span>
      </button>
      <div id={id} className="tier" hidden={!open}>
        {open ? children() : null}
      </div>
    </>
  );
}
