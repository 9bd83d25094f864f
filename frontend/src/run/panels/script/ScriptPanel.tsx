/** How the script of a run was started, and in which state its code was. */
import type { Script } from "../../../api/types";
import { usePageThrottled } from "../../../state/store";
import * as styles from "./ScriptPanel.module.css";

/** So many characters of a commit tell it from the others. */
const COMMIT_CHARACTERS = 10;

export function ScriptPanel() {
  const script = usePageThrottled((page) => page.open?.run.script ?? null);
  if (!script) return null;
  return (
    <section className={`panel ${styles.script}`} aria-labelledby="script">
      <div className="panel-head">
        <h2 id="script">Script</h2>
      </div>
      <dl className={styles.facts}>
        <Fact name="Path">
          <code>{script.path}</code>
        </Fact>
        {script.argv.length > 0 ? (
          <Fact name="Arguments">
            <code>{script.argv.map(quoted).join(" ")}</code>
          </Fact>
        ) : null}
        <Fact name="Folder">
          <code>{script.cwd}</code>
        </Fact>
        <Fact name="Interpreter">
          <code>{script.python}</code>
        </Fact>
        {script.git ? <Commit git={script.git} /> : null}
        <Fact name="Started">{script.supervised ? "by Babysit" : "by hand"}</Fact>
      </dl>
    </section>
  );
}

function Commit({ git }: { git: NonNullable<Script["git"]> }) {
  const commit = String(git["commit"] ?? "");
  return (
    <Fact name="Git commit">
      <code title={commit}>{commit.slice(0, COMMIT_CHARACTERS)}</code>{" "}
      {git["clean"] === undefined ? null : (
        <span className={git["clean"] === true ? "muted" : styles.changed}>
          {git["clean"] === true ? "clean tree" : "with changes that are not committed"}
        </span>
      )}
    </Fact>
  );
}

/** As a shell would need it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
