/** How an objective is written for people. */
import type { Objective } from "../api/objective";

/** "val cost", "val accuracy". */
export const seriesWord = (series: string): string => series.replace(/[/_]/g, " ");

/** "lowest val cost", "highest val accuracy". */
export const objectiveText = ({ objective, mode }: Objective): string =>
  `${mode === "min" ? "lowest" : "highest"} ${seriesWord(objective)}`;
