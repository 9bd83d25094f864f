/** Where runs are trained: each machine, what of it is free, what runs there, and whether it is in contact. */
import { useEffect } from "react";
import { withBaseUrl } from "../api/baseUrl";
import type { Machine } from "../api/types";
import { runPath } from "../state/route";
import { Icon } from "../ui/Icon";
import { Link } from "../ui/Link";
import * as styles from "./MachinesPage.module.css";
import {
  chipOf,
  contactText,
  freeText,
  gpuText,
  isOwn,
  launcherText,
  RUNS_SHOWN,
  versionText,
} from "./machines";
import { useMachines } from "./useMachines";

/** The text of docs/several-machines.md, which the build puts beside the page. */
const DOCS = "/several-machines.txt";
const EXAMPLE = "BABYSIT_LAUNCHER='ssh -R 8000:127.0.0.1:8000 gpu-box babysit work' make run";

export function MachinesPage() {
  const machines = useMachines();
  useEffect(() => {
    document.title = "Machines – Babysit";
  }, []);
  return (
    <main id="main" className={styles.page} aria-busy={machines === null}>
      <section className="panel" aria-labelledby="machines">
        <div className="panel-head">
          <h1 id="machines" className={styles.title} tabIndex={-1}>
            Machines
          </h1>
        </div>
        {machines === null ? null : <MachinesTable machines={machines} />}
      </section>
      {machines === null ? null : <Others isAlone={machines.every(isOwn)} />}
    </main>
  );
}

function MachinesTable({ machines }: { machines: Machine[] }) {
  return (
    <div className="table-place runs-place">
      <table className={`table ${styles.machines}`}>
        <caption className="unseen">The server's own machine, and those where workers were heard of</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Processors</th>
            <th scope="col">GPUs</th>
            <th scope="col">Runs</th>
            <th scope="col">Last contact</th>
            <th scope="col">Versions</th>
          </tr>
        </thead>
        <tbody>
          {machines.map((machine) => (
            <Row key={`${machine.launcher} ${machine.name}`} machine={machine} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ machine }: { machine: Machine }) {
  const chip = chipOf(machine);
  return (
    <tr>
      <th scope="row">
        <b>{machine.name}</b> <span className={`muted ${styles.small}`}>{launcherText(machine)}</span>
      </th>
      <td>
        <span className={`chip ${styles.chip}`} data-tone={chip.tone}>
          <Icon name={chip.icon} /> {chip.word}
        </span>
      </td>
      <td data-label="Processors">{freeText(machine.cpus_free, machine.cpus)}</td>
      <td data-label="GPUs" title={gpuText(machine)}>
        {freeText(machine.gpus_free, machine.gpus)}
        {machine.gpus > 0 ? <span className={`muted ${styles.small}`}> {gpuText(machine)}</span> : null}
      </td>
      <td data-label="Runs" className="numbers">
        <Runs ids={machine.runs} />
      </td>
      <td data-label="Last contact">{contactText(machine)}</td>
      <td data-label="Versions" className={`muted ${styles.small}`}>
        {versionText(machine)}
      </td>
    </tr>
  );
}

function Runs({ ids }: { ids: number[] }) {
  if (ids.length === 0) return "–";
  const more = ids.length - RUNS_SHOWN;
  return (
    <>
      {ids.slice(0, RUNS_SHOWN).map((id, place) => (
        <span key={id}>
          {place > 0 ? ", " : ""}
          <Link to={runPath(id)} aria-label={`Run ${id}`}>
            #{id}
          </Link>
        </span>
      ))}
      {more > 0 ? <span className="muted"> and {more} more</span> : null}
    </>
  );
}

/** How to have more of them. */
function Others({ isAlone }: { isAlone: boolean }) {
  const link = (
    <a href={withBaseUrl(DOCS)} target="_blank" rel="noreferrer">
      Several machines
    </a>
  );
  if (!isAlone) {
    return (
      <p className="muted">
        A machine is listed once a worker there was heard of. {link} says how workers are started there.
      </p>
    );
  }
  return (
    <section className={`panel ${styles.others}`} aria-labelledby="others">
      <h2 id="others">Train on other machines</h2>
      <p>
        All runs are trained on this machine. Start the server with a command that starts one worker
        elsewhere: by SSH, in a container, as a Slurm job. The page and the runs stay here.
      </p>
      <pre className={styles.example}>{EXAMPLE}</pre>
      <p>{link} has more recipes, and says what is promised if a machine or the connection is lost.</p>
    </section>
  );
}
