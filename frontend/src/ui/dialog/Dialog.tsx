/** A dialog in the middle of the page, or from below on a phone. */
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { closeDialog } from "../../state/dialogs";
import { Icon } from "../Icon";
import * as styles from "./Dialog.module.css";

export interface DialogProps {
  title: string;
  children: ReactNode;
  width?: "narrow" | "wide";
}

export function Dialog({ title, children, width = "narrow" }: DialogProps) {
  return (
    <ModalOverlay
      className={styles.overlay}
      isOpen
      isDismissable
      onOpenChange={(isOpen) => {
        if (!isOpen) closeDialog();
      }}
    >
      <Modal className={styles.sheet} data-width={width}>
        <AriaDialog className={styles.sheetDialog}>
          <div className={styles.sheetHead}>
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <button type="button" className="button quiet square" aria-label="Close" onClick={closeDialog}>
              <Icon name="close" />
            </button>
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
