/** A tree by the ARIA pattern: one tab stop, arrows move, Enter selects. */
import type { ReactNode } from "react";
import { useRef, useState } from "react";
import * as styles from "./Tree.module.css";

export interface TreeLine {
  key: string;
  level: number;
  /** What it is called; the content is only how it looks. */
  name: string;
  content: ReactNode;
}

export interface TreeProps {
  label: string;
  lines: TreeLine[];
  selected: string | null;
  onSelect: (key: string) => void;
}

export function Tree({ label, lines, selected, onSelect }: TreeProps) {
  const [focused, setFocused] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const tabStop = lines.some((line) => line.key === focused) ? focused : (selected ?? lines[0]?.key ?? null);
  const moveTo = (index: number) => {
    const line = lines[Math.min(lines.length - 1, Math.max(0, index))];
    if (!line) return;
    setFocused(line.key);
    list.current?.querySelector<HTMLElement>(`[data-key="${line.key}"]`)?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent, index: number) => {
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: lines.length - 1,
      ArrowLeft: lines.findLastIndex((line, i) => i < index && line.level < (lines[index]?.level ?? 1)),
      ArrowRight: index + 1,
    };
    const to = moves[event.key];
    if (to !== undefined && to >= 0) moveTo(to);
    else if (event.key === "Enter" || event.key === " ") onSelect(lines[index]?.key ?? "");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ul className={styles.tree} role="tree" aria-label={label} ref={list}>
      {lines.map((line, index) => (
        <li
          key={line.key}
          role="treeitem"
          aria-label={line.name}
          aria-level={line.level}
          aria-selected={line.key === selected}
          className={styles.treeLine}
          data-level={line.level}
          data-key={line.key}
          tabIndex={line.key === tabStop ? 0 : -1}
          onFocus={() => setFocused(line.key)}
          onKeyDown={(event) => onKeyDown(event, index)}
          onClick={() => onSelect(line.key)}
        >
          {line.content}
        </li>
      ))}
    </ul>
  );
}
