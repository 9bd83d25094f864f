/** The form of a dialog, with what went wrong and its two buttons. */
import type { ReactNode } from "react";
import { closeDialog } from "../../state/dialogs";
import type { IconName } from "../Icon";
import { Icon } from "../Icon";
import * as styles from "./DialogForm.module.css";
import type { DialogForm as Form } from "./useDialogForm";

export interface DialogFormProps {
  form: Pick<Form<never>, "failed" | "sending">;
  children: ReactNode;
  onSubmit: () => void;
  actions: FormActionsProps;
}

export function DialogForm({ form, children, onSubmit, actions }: DialogFormProps) {
  return (
    <form
      className={styles.dialogForm}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      {form.failed ? (
        <p className="problem" role="alert">
          {form.failed}
        </p>
      ) : null}
      <FormActions {...actions} disabled={form.sending} />
    </form>
  );
}

interface FormActionsProps {
  icon: IconName;
  word: string;
  /** While it is sent. */
  sending: string;
  /** The accessible name, where it is not the word. */
  label?: string;
}

function FormActions({ icon, word, sending, label, disabled }: FormActionsProps & { disabled: boolean }) {
  return (
    <div className={styles.formEnd}>
      <button type="button" className="button" onClick={closeDialog}>
        Cancel
      </button>
      <button type="submit" className="button primary" aria-label={label} aria-disabled={disabled}>
        <Icon name={icon} /> {disabled ? sending : word}
      </button>
    </div>
  );
}
