/** Counts the steps that were made while the server was out of reach, until all of them are loaded. Pure. */
import { whole } from "../../format/numbers";

export class MissedSteps {
  /** The last step known when the connection was lost; null: it is there. */
  private lostAt: number | null = null;
  /** Where the run was when the connection came back. */
  private runAt: number | null = null;

  lost(lastStep: number): void {
    this.lostAt ??= lastStep;
    this.runAt = null;
  }

  /** The run, as it is said first after the connection came back. */
  found(step: number): void {
    if (this.lostAt !== null) this.runAt ??= step;
  }

  /** Whether the steps are known and not all here. */
  get isWaiting(): boolean {
    return this.runAt !== null;
  }

  /** What to say once the curves reach so far; null: nothing yet. */
  loaded(lastStep: number): string | null {
    if (this.lostAt === null || this.runAt === null || lastStep < this.runAt) return null;
    const missed = this.runAt - this.lostAt;
    this.lostAt = null;
    this.runAt = null;
    if (missed <= 0) return "Reconnected.";
    return `Reconnected. ${whole(missed)} missed ${missed === 1 ? "step" : "steps"} loaded.`;
  }

  /** It was away too shortly to be told. */
  forget(): void {
    this.lostAt = null;
    this.runAt = null;
  }
}
