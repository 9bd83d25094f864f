/** The two ways back from the last change: its old value again, or the state before it. */
import { useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { checkpointBefore, lastChange } from "../../domain/changes/undo";
import { whole } from "../../format/numbers";
import * as commands from "../../state/commands/commands";
import { undoMenu } from "../../state/dialogs";
import { usePageThrottled } from "../../state/store";
import { toast } from "../../state/toasts";
import { Icon } from "../../ui/Icon";

export interface UndoMenuProps {
  /** The accessible name. */
  label: string;
  /** The key U opens this one. */
  keyed?: boolean;
  small?: boolean;
}

export function UndoMenu({ label, keyed, small }: UndoMenuProps) {
  const open = usePageThrottled((page) => page.open);
  const [pressed, setPressed] = useState(false);
  const byKey = undoMenu.use();
  const shown = keyed ? byKey : pressed;
  const setShown = keyed ? undoMenu.set : setPressed;
  if (!open) return null;
  const last = lastChange(open.events);
  const mayChange = open.run.allowed.includes("set");
  const back = last ? checkpointBefore(open, last) : null;
  return (
    <MenuTrigger isOpen={shown && last !== null} onOpenChange={(open) => setShown(open)}>
      <Button className={small ? "button small" : "button"} aria-label={label} isDisabled={!last}>
        <Icon name="undo" /> Undo <Icon name="down" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          autoFocus="first"
          disabledKeys={[...(mayChange ? [] : ["value"]), ...(back ? [] : ["rewind"])]}
        >
          <MenuItem
            id="value"
            className="option"
            textValue="Put value back"
            onAction={() => {
              if (last) void commands.putBack(open.run, last);
            }}
          >
            <span>Put value back</span>
            <small className="muted">keeps the progress</small>
          </MenuItem>
          <MenuItem
            id="rewind"
            className="option"
            textValue="Rewind to before"
            onAction={() => {
              if (back) void commands.rewind(open.run, back.id);
              else toast("There is no checkpoint before this change.", { tone: "problem" });
            }}
          >
            <span>Rewind to before</span>
            <small className="muted">
              {back ? `to step ${whole(back.step)}` : "no checkpoint before it"}
            </small>
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
