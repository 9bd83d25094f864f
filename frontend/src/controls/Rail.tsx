/** The controls, in the order of how much they matter. */
import { usePage } from "../state/store";
import { useWatching } from "../state/watching";
import { BatchSize } from "./BatchSize";
import { HiddenUnits } from "./HiddenUnits";
import { LearningRate } from "./LearningRate";
import { Momentum } from "./Momentum";
import { Pending } from "./Pending";
import { RunButtons } from "./RunButtons";
import { TierThree } from "./TierThree";

export function Rail() {
  return (
    <aside className="rail" aria-label="Controls">
      <Controls buttons />
    </aside>
  );
}

/** `buttons`: with pause and stop on top; the bar of a phone has them already. */
export function Controls({ buttons }: { buttons: boolean }) {
  const run = usePage((page) => page.open?.run ?? null);
  const task = usePage((page) => page.tasks.find((one) => one.name === page.open?.run.task) ?? null);
  const watching = useWatching();
  if (!run) return null;
  const over = !run.allowed.includes("set");
  return (
    <>
      {buttons && !watching ? <RunButtons run={run} /> : null}
      {watching ? (
        <p className="panel rail-note muted">You watch this run; who has the owner's link may change something here.</p>
      ) : null}
      {over && !watching ? (
        <p className="panel rail-note muted">
          This run is over, so nothing can be changed in it. Continue it, or fork one of its checkpoints with other values.
        </p>
      ) : null}
      <Pending run={run} />
      <LearningRate run={run} />
      <div className="panel tier" aria-label="Tier 2" role="group">
        <TierName tier={2} />
        <Momentum run={run} task={task} />
        <BatchSize run={run} task={task} />
        <HiddenUnits run={run} task={task} />
      </div>
      <TierThree run={run} task={task} />
    </>
  );
}

export function TierName({ tier }: { tier: number }) {
  return <p className="tier-name">Tier {tier}</p>;
}
