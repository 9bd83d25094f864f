/** A button that does one thing. While it may not, or the server is away, it can still be reached and read, and does nothing. */
import type { MouseEvent, ReactNode } from "react";
import { OFFLINE_REASON, useOffline } from "../state/offline";
import type { IconName } from "./Icon";
import { Icon } from "./Icon";

export interface ActionButtonProps {
  children: ReactNode;
  icon?: IconName;
  /** The accessible name, where the text says less. */
  label?: string;
  title?: string;
  /** Classes besides `button`. */
  className?: string;
  enabled?: boolean;
  onPress: (event: MouseEvent) => void;
}

export function ActionButton(props: ActionButtonProps) {
  const { children, icon, label, className, onPress } = props;
  const offline = useOffline();
  const enabled = (props.enabled ?? true) && !offline;
  return (
    <button
      type="button"
      className={className ? `button ${className}` : "button"}
      aria-label={label}
      aria-disabled={!enabled}
      title={offline ? OFFLINE_REASON : props.title}
      onClick={(event) => {
        if (enabled) onPress(event);
      }}
    >
      {icon ? <Icon name={icon} /> : null} {children}
    </button>
  );
}
