/** The heading of a tier of hyperparameters: how much it matters. */
export function TierName({ tier }: { tier: number }) {
  return <p className="tier-name">Tier {tier}</p>;
}
