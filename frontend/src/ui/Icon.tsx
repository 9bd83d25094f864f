/** The few pictures of the page, drawn with the colour of the text around them. */
const PATHS = {
  play: "M4.5 2.8v10.4l8.5-5.2z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  stop: "M3.5 3.5h9v9h-9z",
  save: "M3 2.500h8l2.500 2.500v8.500h-10.500zM5.200 2.800v3.400h4.600v-3.400M5 13.200v-4.200h6v4.200",
  measure: "M2.500 13.500v-4M6.200 13.500v-8M9.800 13.500v-5.500M13.500 13.500v-11",
  extend: "M2 8h10M8.500 4.500l3.500 3.500-3.500 3.500M14.200 3v10",
  undo: "M3 6.500h6.500a3.800 3.800 0 0 1 0 7.500h-3M6 3.200l-3.200 3.300 3.200 3.300",
  fork: "M4.500 3v10M4.500 9.500c0-3 7-1.500 7-5.500M11.500 4.200v-1.200",
  plus: "M8 3v10M3 8h10",
  help: "M5.600 6.100a2.400 2.400 0 1 1 3.600 2.100c-.8.450-1.200.900-1.200 1.800M8 12.600v.1",
  snow: "M8 1.800v12.400M2.600 4.900l10.800 6.200M13.400 4.900l-10.800 6.200",
  more: "M3.500 10l4.500-4.500 4.500 4.500",
  down: "M3.500 6l4.500 4.500 4.500-4.500",
  trash: "M3 4.500h10M6.200 4.300v-1.800h3.600v1.800M4.300 4.700l.6 9h6.200l.6-9",
  pin: "M8 9.500v4.700M4.800 9.500h6.400l-1.400-2.700v-4.300h-3.600v4.300z",
  close: "M4 4l8 8M12 4l-8 8",
  table: "M2.500 3.500h11v9h-11zM2.500 6.500h11M6.500 3.600v8.800",
  edit: "M3 13l.600-2.800 7.200-7.200 2.200 2.200-7.200 7.200z",
  moon: "M13 9.600a5.600 5.600 0 1 1-6.600-6.600 4.500 4.500 0 0 0 6.600 6.600z",
  clock: "M8 2.200a5.800 5.800 0 1 1 0 11.600a5.800 5.800 0 0 1 0-11.600M8 4.800v3.400l2.300 1.400",
  warn: "M8 2.200l6.300 11.300h-12.600zM8 6.300v3.200M8 11.500v.1",
  check: "M3 8.400l3.300 3.300 6.700-7.200",
  dot: "M8 4.200a3.800 3.800 0 1 1 0 7.600a3.800 3.800 0 0 1 0-7.600",
  ring: "M8 3.200a4.800 4.800 0 1 1 0 9.600a4.800 4.800 0 0 1 0-9.600",
  eggs: "M8 2.600a2.200 2.200 0 1 1 0 4.400a2.200 2.200 0 1 1 0-4.400M4.600 8.600a2.200 2.200 0 1 1 0 4.400a2.200 2.200 0 1 1 0-4.400M11.400 8.600a2.200 2.200 0 1 1 0 4.400a2.200 2.200 0 1 1 0-4.400",
  link: "M6.500 9.500l3-3M7.200 4.800l1.600-1.600a2.800 2.800 0 0 1 4 4l-1.600 1.600M8.800 11.200l-1.600 1.600a2.800 2.800 0 0 1-4-4l1.600-1.600",
  out: "M8 2.500v7.500M4.800 7l3.200 3.200 3.200-3.200M3 13.300h10",
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: IconName[] = ["play", "pause", "stop", "dot"];

export function Icon({ name }: { name: IconName }) {
  const filled = FILLED.includes(name);
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill={filled ? "currentColor" : "none"}
        stroke={filled ? "none" : "currentColor"}
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
