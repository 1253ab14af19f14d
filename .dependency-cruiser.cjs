// Imports point one way (docs/design.md). A file may import from its own layer and from those above it in this list;
// imports of types alone may go anywhere, for they leave no trace at run time. A new file needs a layer.
const LAYERS = [
  [
    'leaves',
    'lib/(decimal|dtype|errors|format|grad-mode|observer|place|print|random|recording|shape|storage|thread)[.]ts',
  ],
  ['backend', 'lib/backend/'],
  ['tensor', 'lib/(tensor|tensors-in|scope)[.]ts'],
  ['ops', 'lib/ops/'],
  [
    'autograd',
    'lib/(autograd|autograd-names|checkpoint|compile|derivatives|function|functional|gradcheck|graph|hooks|methods|trace|waiting)[.]ts',
  ],
  ['nn, optim, data, io', 'lib/(nn|optim|data|io)/'],
  ['profile', 'lib/profile/'],
  ['train', 'lib/train/'],
  ['index', 'lib/index[.]ts'],
  // From here on everything is written as a user would write it, on what index.ts exports.
  ['models', 'lib/models/'],
  ['cli', 'lib/cli/'],
];
const paths = LAYERS.map(([, path]) => `^${path}`);

const layering = LAYERS.slice(0, -1).map(([name], i) => ({
  name: `layer ${name} imports from one below it`,
  severity: 'error',
  from: { path: paths[i] },
  to: { path: paths.slice(i + 1), dependencyTypesNot: ['type-only'] },
}));

module.exports = {
  forbidden: [
    ...layering,
    {
      name: 'in no layer of .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^lib/', pathNot: paths },
      to: {},
    },
    {
      name: 'cycle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'only ops, optim and autograd call the backend',
      severity: 'error',
      // index re-exports setBackend and its like; `mgp doctor` looks at the addon itself; reports say what ran.
      from: {
        path: '^lib/',
        pathNot:
          '^lib/(backend/|ops/|optim/|(autograd|compile|trace|waiting|index)[.]ts|profile/|train/(worker/(budget|thread|worker)|report/environment)[.]ts|cli/(doctor|bench/))',
      },
      to: { path: '^lib/backend/', pathNot: '^lib/backend/contract[.]ts', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only backend/native.ts loads the addon',
      severity: 'error',
      from: { pathNot: '^lib/backend/native[.]ts' },
      to: { path: 'node_modules/node-gyp-build' },
    },
    {
      // Packages that the command line uses are bundled into dist/cli; nothing else has a package to lean on.
      name: 'only the command line may use packages',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(cli/|backend/native[.]ts)' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'cannot be resolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
};
