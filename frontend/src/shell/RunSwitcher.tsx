/** Chooses which run the page shows. */
import { Button, ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import { whole } from "../format/numbers";
import { navigate, runPath, useRoute } from "../state/route";
import { loadRuns } from "../state/session/runSession";
import { usePage } from "../state/store";
import { Icon } from "../ui/Icon";
import { StatusText } from "../ui/StatusText";
import * as styles from "./RunSwitcher.module.css";

export function RunSwitcher() {
  const runs = usePage((page) => page.runs);
  const open = usePage((page) => page.open?.run ?? null);
  const route = useRoute();
  if (runs.length === 0) return null;
  const listed = open && !runs.some((run) => run.id === open.id) ? [open, ...runs] : runs;
  return (
    <ComboBox
      className={styles.switcher}
      menuTrigger="focus"
      items={listed.map((run) => ({ id: String(run.id), run, textValue: `${run.name} #${run.id}` }))}
      selectedKey={open ? String(open.id) : route.run !== null ? String(route.run) : null}
      onSelectionChange={(key) => {
        if (key !== null) navigate(runPath(Number(key)));
      }}
      onOpenChange={(isOpen) => {
        if (isOpen) void loadRuns().catch(() => undefined);
      }}
    >
      <Label className="unseen">Run</Label>
      <div className={styles.switcherBox}>
        <Input className={styles.switcherInput} />
        <Button className="button quiet square">
          <Icon name="down" />
        </Button>
      </div>
      <Popover className={`popover ${styles.switcherList}`}>
        <ListBox>
          {(item: { id: string; run: (typeof runs)[number]; textValue: string }) => (
            <ListBoxItem id={item.id} textValue={item.textValue} className="option">
              <span className={styles.optionName}>{item.run.name}</span>
              <span className="muted numbers">#{item.run.id}</span>
              <StatusText status={item.run.status}>{item.run.status}</StatusText>
              <span className="muted numbers">{whole(item.run.step)}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
