/** The status of a run or the outcome of a trial as a small word with a mark; shape and colour both tell it. */
import type { ReactNode } from "react";
import * as styles from "./StatusText.module.css";

export function StatusText({ status, children }: { status: string; children: ReactNode }) {
  return (
    <span className={styles.status} data-status={status}>
      {children}
    </span>
  );
}
