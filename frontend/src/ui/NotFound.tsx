/** In place of what the address names and the server does not have, with the way to what there is. */
import { Link } from "./Link";

export interface NotFoundProps {
  title: string;
  problem: string;
  /** The list of what there is. */
  to: string;
  all: string;
}

export function NotFound({ title, problem, to, all }: NotFoundProps) {
  return (
    <main id="main" className="babysit-empty">
      <div className="panel empty-box" role="alert">
        <h1>{title}</h1>
        <p>{problem}</p>
        <p>
          <Link to={to} className="button">
            {all}
          </Link>
        </p>
      </div>
    </main>
  );
}
