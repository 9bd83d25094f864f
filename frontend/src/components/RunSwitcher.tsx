/** Chooses which run the page shows. */
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Button } from "react-aria-components";
import { go, runAddress, usePlace } from "../state/address";
import { loadRuns } from "../state/follow";
import { usePage } from "../state/store";
import { whole } from "../text/numbers";
import { Icon } from "./Icon";

export function RunSwitcher() {
  const runs = usePage((page) => page.runs);
  const open = usePage((page) => page.open?.run ?? null);
  const place = usePlace();
  if (runs.length === 0) return null;
  const listed = open && !runs.some((run) => run.id === open.id) ? [open, ...runs] : runs;
  return (
    <ComboBox
      className="switcher"
      menuTrigger="focus"
      items={listed.map((run) => ({ id: String(run.id), run, textValue: `${run.name} #${run.id}` }))}
      selectedKey={open ? String(open.id) : place.run !== null ? String(place.run) : null}
      onSelectionChange={(key) => {
        if (key !== null) go(runAddress(Number(key)));
      }}
      onOpenChange={(isOpen) => {
        if (isOpen) void loadRuns().catch(() => undefined);
      }}
    >
      <Label className="unseen">Run</Label>
      <div className="switcher-box">
        <Input className="switcher-input" />
        <Button className="button quiet square">
          <Icon name="down" />
        </Button>
      </div>
      <Popover className="popover switcher-list">
        <ListBox>
          {(item: { id: string; run: (typeof runs)[number]; textValue: string }) => (
            <ListBoxItem id={item.id} textValue={item.textValue} className="option">
              <span className="option-name">{item.run.name}</span>
              <span className="muted numbers">#{item.run.id}</span>
              <span className={`small-status status-${item.run.status}`}>{item.run.status}</span>
              <span className="muted numbers">{whole(item.run.step)}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
