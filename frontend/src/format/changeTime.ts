/** When a change was made, and from when on it acts: the one wording for the journal and the toasts. */
import type { EventOf } from "../api/types";
import { whole } from "./numbers";

type Times = Pick<EventOf<"changed">, "step" | "effective_step">;

/** "from step 1,205": the first update that uses it. A batch size may wait for the next epoch. */
export const firstUseText = ({ effective_step: first }: Times): string => `from step ${whole(first)}`;

/**
 * "from step 1,205. Made after step 1,204." The second number is the one that journal and markers stand at.
 * relative: how the value stands to what a script says, said with the first.
 */
export const changeTimeText = (times: Times, relative = ""): string =>
  `${firstUseText(times)}${relative && `, ${relative}`}. Made after step ${whole(times.step)}.`;
