/** Asks for the token when the server does not know this browser. */
import { useState } from "react";
import { ApiError, getSession, signIn } from "../api/client";
import { dispatch } from "../state/store";
import { linkRefused } from "./linkRefused";
import * as styles from "./SignIn.module.css";

export function SignIn() {
  const [token, setToken] = useState("");
  const [refused, setProblem] = useState<string | null>(null);
  const badLink = linkRefused.use();
  const problem = refused ?? (badLink ? "The token in the link is not that of this server." : null);
  const submit = async () => {
    setProblem(null);
    linkRefused.set(false);
    try {
      await signIn(token.trim());
      dispatch({ type: "signed_in", role: (await getSession()).role });
    } catch (error) {
      const wrong = error instanceof ApiError && (error.status === 401 || error.status === 403);
      setProblem(wrong ? "This is not the token of this server." : (error as Error).message);
    }
  };
  return (
    <main className={styles.signIn} id="main">
      <form
        className={`panel ${styles.signInBox}`}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1>Sign in</h1>
        <p className="muted">
          The server printed an address with a token when it started. Open that address, or paste the part
          behind <code>#t=</code> here.
        </p>
        <label className="labelled">
          <span>Token</span>
          <input
            className="field"
            type="password"
            autoComplete="current-password"
            autoFocus
            value={token}
            aria-invalid={problem !== null}
            aria-describedby={problem ? "token-problem" : undefined}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        {problem ? (
          <p className="problem" role="alert" id="token-problem">
            {problem}
          </p>
        ) : null}
        <button type="submit" className="button primary" disabled={token.trim() === ""}>
          Sign in
        </button>
      </form>
    </main>
  );
}
