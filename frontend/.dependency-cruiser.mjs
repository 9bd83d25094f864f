/** The layers of src/: a folder imports only from those left of it, features never from each other. */
const LAYERS = ["api", "format", "domain", "state", "ui", "charts"];
const FEATURES = ["compare", "run", "runs", "search", "machines"];
const folder = (names) => `^src/(${names.join("|")})/`;

const upwards = LAYERS.map((layer, i) => ({
  name: `${layer}-imports-downwards`,
  comment: `${layer}/ knows nothing of the layers above it.`,
  severity: "error",
  from: { path: folder([layer]) },
  to: { path: [folder([...LAYERS.slice(i + 1), ...FEATURES, "shell"]), "^src/(App|main)[.]tsx$"] },
}));

const features = FEATURES.map((feature) => ({
  name: `${feature}-stands-alone`,
  comment: "Features share code through the layers below them; only App.tsx knows them all.",
  severity: "error",
  from: { path: folder([feature]) },
  to: {
    path: [folder([...FEATURES.filter((other) => other !== feature), "shell"]), "^src/(App|main)[.]tsx$"],
  },
}));

export default {
  forbidden: [
    ...upwards,
    ...features,
    {
      name: "shell-knows-no-feature",
      comment: "What every page has does not depend on what one of them shows.",
      severity: "error",
      from: { path: folder(["shell"]) },
      to: { path: [folder(FEATURES), "^src/(App|main)[.]tsx$"] },
    },
    {
      name: "known-folders-only",
      comment: "A new folder needs its place among the layers, here and in ARCHITECTURE.md.",
      severity: "error",
      from: {},
      to: { path: "^src/[^/]+/", pathNot: [folder([...LAYERS, ...FEATURES, "shell"]), "^src/styles/"] },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-missing-modules", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "tests-are-not-imported",
      severity: "error",
      from: { pathNot: "[.]test[.]ts$" },
      to: { path: "[.]test[.]ts$" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true, // imports of types count too
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
