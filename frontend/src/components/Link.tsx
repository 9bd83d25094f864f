/** A link inside the page: no reload, and still a real link for the middle button. */
import type { ReactNode } from "react";
import { below } from "../api/root";
import { go } from "../state/address";

export interface LinkProps {
  to: string;
  children: ReactNode;
  className?: string;
  current?: boolean;
  "aria-label"?: string;
}

export function Link({ to, children, className, current, ...rest }: LinkProps) {
  return (
    <a
      href={below(to)}
      className={className}
      aria-current={current ? "page" : undefined}
      aria-label={rest["aria-label"]}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
