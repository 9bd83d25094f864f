/** What a marker stands for, beside it: what changed, when, why and what it did, and the ways back. */
import { useEffect, useRef } from "react";
import type { EventOf } from "../../api/types";
import { EFFECT_STEPS, effectText } from "../../domain/changes/effect";
import { checkpointBefore } from "../../domain/changes/undo";
import type { Marker } from "../../domain/markers";
import { clock, whole } from "../../format/numbers";
import * as commands from "../../state/commands/commands";
import { useIsViewer } from "../../state/permissions";
import { dispatch, usePageThrottled } from "../../state/store";
import { ActionButton } from "../../ui/ActionButton";
import { ReasonForm } from "../../ui/fields/ReasonForm";
import { Icon } from "../../ui/Icon";
import type { Box } from "../geometry";
import { Glyph } from "./Glyph";
import * as styles from "./MarkerCard.module.css";
import { useEffectOfChange } from "./useEffectOfChange";

const WIDTH = 328; // px
const CHANGES: Marker["kind"][] = ["lr", "momentum", "batch", "change"];
const BESIDE = 14; // px from the line of the marker

export interface MarkerCardProps {
  markers: Marker[];
  /** Where the marker stands, px. */
  x: number;
  box: Box;
  onClose: () => void;
}

export function MarkerCard({ markers, x, box, onClose }: MarkerCardProps) {
  const card = useRef<HTMLDivElement>(null);
  useClosing(card, onClose);
  const width = Math.min(WIDTH, box.width - 8);
  const beside = x + BESIDE + width <= box.width ? x + BESIDE : x - BESIDE - width;
  const left = Math.max(4, Math.min(beside, box.width - width - 4));
  const first = markers[0] as Marker;
  const title = markers.length > 1 ? `${markers.length} changes` : `Step ${whole(first.step)}`;
  return (
    <div
      ref={card}
      className={styles.card}
      role="dialog"
      aria-label={markers.length > 1 ? title : `Change at step ${whole(first.step)}`}
      tabIndex={-1}
      style={{ left, top: box.top + 14, width }}
    >
      <div className={styles.head}>
        <span className="numbers">{title}</span>
        <button type="button" className="button quiet square small" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {markers.map((marker) => (
        <MarkerDetails key={marker.eventId} marker={marker} alone={markers.length === 1} onClose={onClose} />
      ))}
      {markers.some((marker) => CHANGES.includes(marker.kind)) ? (
        <p className="muted small-text">Not compared with a run that kept the old value.</p>
      ) : null}
    </div>
  );
}

/** The card takes the focus, and goes with Escape or a press elsewhere. */
function useClosing(card: React.RefObject<HTMLDivElement | null>, onClose: () => void): void {
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const element = card.current;
    element?.focus({ preventScroll: true });
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close.current();
    };
    // A press on a marker opens the card of that one instead.
    const onPointerDown = (event: PointerEvent) => {
      const target = event.target as Element;
      if (!element?.contains(target) && !target.closest("[data-marker]")) close.current();
    };
    // Within the card, nothing pins, zooms or selects on the chart below.
    const keep = (event: Event) => event.stopPropagation();
    const kept = ["pointerdown", "pointerup", "pointermove", "dblclick"];
    element?.addEventListener("keydown", onKeyDown);
    for (const kind of kept) element?.addEventListener(kind, keep);
    document.addEventListener("pointerdown", onPointerDown, true);
    return () => {
      element?.removeEventListener("keydown", onKeyDown);
      for (const kind of kept) element?.removeEventListener(kind, keep);
      document.removeEventListener("pointerdown", onPointerDown, true);
    };
  }, [card]);
}

interface MarkerDetailsProps {
  marker: Marker;
  /** Alone in its card: the head has said the step. */
  alone: boolean;
  onClose: () => void;
}

function MarkerDetails({ marker, alone, onClose }: MarkerDetailsProps) {
  const open = usePageThrottled((page) => page.open);
  const isViewer = useIsViewer();
  const own = open?.events.find((event) => event.id === marker.eventId);
  const event = own ?? open?.inherited.find((event) => event.id === marker.eventId);
  const change = event?.kind === "changed" ? event : null;
  if (!open) return null;
  return (
    <section className={styles.details}>
      <p>
        <span className={styles.glyph} data-kind={marker.kind} aria-hidden="true">
          <Glyph kind={marker.kind} />
        </span>{" "}
        <b>{marker.text}</b>
      </p>
      <p className="muted small-text numbers">
        {[
          alone ? "" : `step ${whole(marker.step)}`,
          marker.who,
          event ? clock(event.at) : "",
          marker.why ? `“${marker.why}”` : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {change ? <EffectLine change={change} /> : null}
      {change && own && alone && !isViewer && !marker.why ? (
        <ReasonForm
          why={{ runId: change.run_id, commandId: change.command_id, step: change.step }}
          onGiven={onClose}
        />
      ) : null}
      <div className={styles.actions}>
        {change && own && !isViewer ? <WaysBack change={change} onClose={onClose} /> : null}
        {marker.eventId > 0 ? (
          <button
            type="button"
            className="button link small"
            onClick={() => {
              onClose();
              openEntry(marker.eventId, marker.step);
            }}
          >
            Open in journal
          </button>
        ) : null}
      </div>
    </section>
  );
}

function WaysBack({ change, onClose }: { change: EventOf<"changed">; onClose: () => void }) {
  const open = usePageThrottled((page) => page.open);
  if (!open) return null;
  const back = checkpointBefore(open, change);
  return (
    <>
      <ActionButton
        className="small"
        label="Put value back"
        title="Sets the value before this change again and keeps the progress"
        enabled={open.run.allowed.includes("set")}
        onPress={() => {
          onClose();
          void commands.putBack(open.run, change);
        }}
      >
        <span aria-hidden="true">Put back</span>
      </ActionButton>
      <ActionButton
        className="small"
        label="Rewind to before"
        title={back ? `To step ${whole(back.step)}` : "There is no checkpoint before this change."}
        enabled={back !== null}
        onPress={() => {
          onClose();
          if (back) void commands.rewind(open.run, back.id);
        }}
      >
        Rewind to before
      </ActionButton>
    </>
  );
}

function EffectLine({ change }: { change: EventOf<"changed"> }) {
  const effect = useEffectOfChange(change);
  const texts = [
    effect?.train ? effectText("train", effect.train) : "",
    effect?.val ? effectText("val", effect.val) : "",
  ].filter(Boolean);
  const steps = effect?.train?.steps ?? effect?.val?.steps ?? 0;
  if (!effect || texts.length === 0) return <p className="muted small-text">No steps with it yet.</p>;
  const until = steps >= EFFECT_STEPS ? "" : effect.isCut ? ", up to the next change" : " so far";
  return (
    <p className="small-text numbers" data-part="effect">
      <b>
        {whole(steps)} {steps === 1 ? "step" : "steps"} later{until}:
      </b>{" "}
      {texts.join(", ")}.
    </p>
  );
}

/** Scrolls a journal entry into view, and puts its step under the crosshair. */
function openEntry(eventId: number, step: number): void {
  dispatch({ type: "view", change: { entry: eventId, pinned: step, hover: null, tab: "log" } });
  requestAnimationFrame(() => {
    const line = document.getElementById(`entry-${eventId}`);
    const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    line?.scrollIntoView({ block: "nearest", behavior: reducedMotion ? "auto" : "smooth" });
  });
}
