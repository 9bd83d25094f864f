/** What the form of a dialog does: hold its fields, check, send once, say what is wrong, close. */
import { useState } from "react";
import { ApiError } from "../../api/client";
import { closeDialog } from "../../state/dialogs";
import { toastError } from "../../state/toasts";

/** Sentences by field name. */
type Problems = Record<string, string>;

export interface DialogForm<Fields> {
  fields: Fields;
  set: (change: Partial<Fields>) => void;
  /** What a text field of this name needs. */
  text: (name: keyof Fields & string) => { value: string; problem?: string; onText: (text: string) => void };
  problems: Problems;
  /** What is wrong with no field in particular. */
  failed: string | null;
  sending: boolean;
  /** Sends if nothing is wrong; when that worked, closes the dialog and goes on with `done`. */
  submit: <Result>(
    problems: Problems,
    send: () => Promise<Result>,
    done: (result: Result) => Promise<void> | void,
  ) => void;
}

/** `others`: names of fields that the dialog holds elsewhere. */
export function useDialogForm<Fields extends Record<string, string>>(
  initial: Fields,
  others: readonly string[] = [],
): DialogForm<Fields> {
  const [fields, setFields] = useState(initial);
  const [problems, setProblems] = useState<Problems>({});
  const [failed, setFailed] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const set = (change: Partial<Fields>) => setFields((known) => ({ ...known, ...change }));

  const onRefused = (error: Error) => {
    setSending(false);
    const field = error instanceof ApiError && error.field ? fieldName(error.field) : "";
    if (field in fields || others.includes(field)) setProblems({ [field]: error.message });
    else setFailed(error.message);
  };
  return {
    fields,
    set,
    text: (name) => ({
      value: fields[name] as string,
      problem: problems[name],
      onText: (text) => set({ [name]: text } as Partial<Fields>),
    }),
    problems,
    failed,
    sending,
    submit: (wrong, send, done) => {
      if (sending) return;
      setProblems(wrong);
      setFailed(null);
      if (Object.keys(wrong).length > 0) return;
      setSending(true);
      send().then((result) => {
        closeDialog();
        Promise.resolve(done(result)).catch(toastError);
      }, onRefused);
    },
  };
}

/** The server names a field by its path: "values.learning_rate" is the field learning_rate. */
export const fieldName = (path: string): string =>
  path
    .replace(/^(body\.)?values\./, "")
    .replace(/^body\./, "")
    .replace(/^base_learning_rate$/, "learning_rate");

/** What was typed, or undefined: the server then decides. */
export const given = (text: string): string | undefined => text.trim() || undefined;
