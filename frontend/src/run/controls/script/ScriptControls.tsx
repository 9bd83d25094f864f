/** The controls of a script's run: all that it declared, by tier, and last what only a fork can change. */
import type { Hyperparameter, Run } from "../../../api/types";
import { factorOnGroup, isFactorOnGroups } from "../../../domain/declaration";
import { valueText } from "../../../format/hyperparameters";
import { useDeclared } from "../../../state/declared";
import { TierName } from "../../../ui/TierName";
import { Disclosure } from "../Disclosure";
import { ForkOnly } from "../hyperparameters/ForkOnly";
import { ControlHead, symbolOf } from "../staged/StagedControl";
import { ControlDetails } from "./ControlDetails";
import { ScriptControl } from "./ScriptControl";

export function ScriptControls({ run }: { run: Run }) {
  const declared = useDeclared();
  const live = declared.filter(({ when }) => when !== "fork");
  const forkOnly = declared.filter(({ when }) => when === "fork");
  const [first, second, third] = [1, 2, 3].map((tier) => live.filter((item) => item.tier === tier));
  if (declared.length === 0) {
    return <p className="panel muted small-text">The script has not yet said what can be changed.</p>;
  }
  const controls = (items: Hyperparameter[]) =>
    items.map((item) => (
      <ScriptControl
        key={item.name}
        run={run}
        declared={item}
        isFactor={isFactorOnGroups(item.name, declared)}
        onAllGroups={factorOnGroup(item.name, declared, run.values)}
      />
    ));
  const [plain, byGroup] = apart(second ?? []);
  return (
    <>
      {first?.length ? (
        <div className="panel tier">
          <TierName tier={1} />
          {controls(first)}
        </div>
      ) : null}
      {second?.length ? (
        <div className="panel tier" aria-label="Tier 2" role="group">
          <TierName tier={2} />
          {controls(plain)}
          {byGroup.length > 0 ? (
            <Disclosure label="Each parameter group" hint={`${byGroup.length} settings`}>
              {() => controls(byGroup)}
            </Disclosure>
          ) : null}
        </div>
      ) : null}
      {third?.length ? (
        <div className="panel tier">
          <Disclosure label="Tier 3 settings" name={<TierName tier={3} />} hint={hintOf(third)}>
            {() => controls(third)}
          </Disclosure>
        </div>
      ) : null}
      {forkOnly.length > 0 ? <OnlyByFork run={run} declared={forkOnly} /> : null}
    </>
  );
}

/** Those of one parameter group stand apart where one control sets all groups. */
function apart(items: Hyperparameter[]): [Hyperparameter[], Hyperparameter[]] {
  const isOfGroup = ({ name }: Hyperparameter): boolean =>
    items.some((other) => name.startsWith(`${other.name}.`));
  return [items.filter((item) => !isOfGroup(item)), items.filter(isOfGroup)];
}

/** What is behind a button, in a few words: each option once. */
function hintOf(items: Hyperparameter[]): string {
  const words = items.map(({ label }) => label.replace(/ \(.*\)$/, ""));
  return [...new Set(words)].join(", ");
}

function OnlyByFork({ run, declared }: { run: Run; declared: Hyperparameter[] }) {
  return (
    <div className="panel tier" role="group" aria-label="Only by a fork">
      <p className="tier-name">Only by a fork</p>
      {declared.map((item) => (
        <div key={item.name} className="control" role="group" aria-label={item.label}>
          <ControlHead
            name={item.label}
            symbol={symbolOf(item)}
            badge="fork only"
            help={item.help}
            now={valueText(item.name, run.values[item.name] ?? item.default)}
          />
          <ForkOnly run={run} declared={item} typed />
          <ControlDetails run={run} declared={item} />
        </div>
      ))}
    </div>
  );
}
