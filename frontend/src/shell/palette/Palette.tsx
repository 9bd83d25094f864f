/** One field for everything: type a few letters, Enter does it. */
import { useState } from "react";
import { closeDialog } from "../../state/dialogs";
import { useRoute } from "../../state/route";
import { getPage } from "../../state/store";
import { Dialog } from "../../ui/dialog/Dialog";
import { entriesOf } from "./entries";
import type { Entry } from "./matching";
import { matching } from "./matching";
import * as styles from "./Palette.module.css";

export function Palette() {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const babysit = useRoute().page === "babysit";
  const found = matching(entriesOf(getPage(), babysit, text), text);
  const chosen = found[at];
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    closeDialog(); // first: an entry may open another one
    entry.act();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined && found.length > 0) setAt((at + by + found.length) % found.length);
    else if (event.key === "Enter") run(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Commands">
      <input
        className={`field ${styles.field}`}
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={chosen ? `palette-${chosen.key}` : undefined}
        autoFocus
        autoComplete="off"
        placeholder="pause, lr 0.02, note …, a run"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className={styles.list} id="palette-list" role="listbox" aria-label="Commands">
        {found.map((entry, i) => (
          <div
            key={entry.key}
            id={`palette-${entry.key}`}
            className={styles.entry}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            onPointerMove={() => setAt(i)}
            onClick={() => run(entry)}
          >
            <span>{entry.title}</span>
            {entry.shortcut ? <kbd>{entry.shortcut}</kbd> : null}
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className="muted">Nothing is called so.</p> : null}
    </Dialog>
  );
}
