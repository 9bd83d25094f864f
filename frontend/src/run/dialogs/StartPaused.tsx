/** Whether a new run waits before its first step, so that things can be set first. */
export function StartPaused({
  checked,
  onChange,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      Start paused
    </label>
  );
}
