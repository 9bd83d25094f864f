/** The same curves as a table: the last points, and every change. */
import { useMarkers } from "../../../charts/markers/useMarkers";
import { valueAt } from "../../../domain/series";
import { measured, whole } from "../../../format/numbers";
import { usePageThrottled } from "../../../state/store";

const ROWS = 50;

export function ChartTable({ names, caption }: { names: string[]; caption: string }) {
  const open = usePageThrottled((page) => page.open);
  const markers = useMarkers();
  if (!open) return null;
  const { curves } = open;
  const shown = names.filter((name) => curves.raw[name]);
  const steps = [...new Set(shown.flatMap((name) => curves.raw[name]?.step.slice(-ROWS) ?? []))]
    .sort((a, b) => b - a)
    .slice(0, ROWS);
  return (
    <div className="table-place" tabIndex={0} role="group" aria-label={`${caption} as table`}>
      <p className="muted small-text">
        Raw values, not averaged. The last {steps.length} points, newest first.
      </p>
      <table className="table">
        <caption className="unseen">
          {caption}: the last {steps.length} points, newest first, and all changes
        </caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            {shown.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <tr key={step}>
              <th scope="row">{whole(step)}</th>
              {shown.map((name) => (
                <td key={name}>{measured(valueAt(curves.raw[name], step))}</td>
              ))}
              <td>
                {markers
                  .filter((marker) => marker.step === step)
                  .map((marker) => marker.text)
                  .join("; ")}
              </td>
            </tr>
          ))}
          {markers
            .filter((marker) => !steps.includes(marker.step))
            .reverse()
            .map((marker) => (
              <tr key={`m${marker.eventId}`}>
                <th scope="row">{whole(marker.step)}</th>
                {shown.map((name) => (
                  <td key={name}>{measured(valueAt(curves.raw[name], marker.step))}</td>
                ))}
                <td>{marker.text}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
