/** Keeps a mistake of the page from leaving a blank one: the training is untouched, and a reload helps. */
import type { ReactNode } from "react";
import { Component } from "react";

interface ErrorBoundaryState {
  problem: string | null;
}

export class ErrorBoundary extends Component<{ children: ReactNode }, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { problem: null };

  static getDerivedStateFromError(error: Error): ErrorBoundaryState {
    return { problem: error.message };
  }

  override render(): ReactNode {
    if (this.state.problem === null) return this.props.children;
    return (
      <main className="babysit-empty" role="alert">
        <div className="panel empty-box">
          <h1>Something went wrong on this page.</h1>
          <p>Training continues, and nothing is lost. {this.state.problem}</p>
          <p>
            <button type="button" className="button primary" onClick={() => location.reload()}>
              Reload the page
            </button>
          </p>
        </div>
      </main>
    );
  }
}
