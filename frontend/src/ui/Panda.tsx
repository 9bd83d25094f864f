/** The panda: the run that gets all the attention. */
import * as styles from "./Panda.module.css";
export function Panda({ size }: { size: number }) {
  return (
    <svg className={styles.panda} viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <circle cx="7.5" cy="8" r="5" className={styles.pandaDark} />
      <circle cx="24.5" cy="8" r="5" className={styles.pandaDark} />
      <circle cx="16" cy="17.5" r="12" className={styles.pandaFace} />
      <ellipse cx="11" cy="16" rx="3.4" ry="4.2" transform="rotate(24 11 16)" className={styles.pandaDark} />
      <ellipse cx="21" cy="16" rx="3.4" ry="4.2" transform="rotate(-24 21 16)" className={styles.pandaDark} />
      <circle cx="11.6" cy="15.6" r="1.2" fill="#fff" />
      <circle cx="20.4" cy="15.6" r="1.2" fill="#fff" />
      <ellipse cx="16" cy="21" rx="2" ry="1.4" className={styles.pandaDark} />
    </svg>
  );
}
