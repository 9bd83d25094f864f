/** A link inside the page: no reload, and still a real link for the middle button. */
import type { ReactNode } from "react";
import { withBaseUrl } from "../api/baseUrl";
import { navigate } from "../state/route";

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
      href={withBaseUrl(to)}
      className={className}
      aria-current={current ? "page" : undefined}
      aria-label={rest["aria-label"]}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
