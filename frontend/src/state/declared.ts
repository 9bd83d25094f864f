/** What is declared for the open run; see `domain/declaration.ts`. */
import type { Hyperparameter } from "../api/types";
import { declaredOf } from "../domain/declaration";
import { usePage } from "./store";

export const useDeclared = (): Hyperparameter[] => usePage((page) => declaredOf(page.open?.run, page.tasks));
