/** The few functions of the Plotly bundle that the page uses. */
declare module "plotly.js-cartesian-dist-min" {
  interface Plotly {
    react(element: HTMLElement, traces: object[], layout: object, config?: object): Promise<HTMLElement>;
    purge(element: HTMLElement): void;
    Plots: { resize(element: HTMLElement): void };
  }
  const plotly: Plotly;
  export default plotly;
}
