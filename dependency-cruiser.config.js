/**
 * The layers of src/, lowest first: a module imports from its own layer and those below it. Layers in one row
 * do not import each other.
 */
const layers = [
  ['src/lib/util'],
  ['src/lib/core'],
  ['src/lib/config'],
  ['src/lib/store'],
  ['src/lib/allocation'],
  ['src/lib/operations'],
  ['src/lib/server', 'src/lib/client'],
  ['src/index.ts', 'src/client.ts', 'src/dashboard'],
  ['src/cli'],
  ['src/commands'],
];

const starting = (paths) => paths.map((path) => `^${path}`);

const imports = layers.slice(0, -1).flatMap((row, level) =>
  row.map((layer) => ({
    name: `${layer.replace(/^src\/(?:lib\/)?/, '')} imports downwards`,
    severity: 'error',
    from: {path: starting([layer])},
    to: {path: starting([...row.filter((other) => other !== layer), ...layers.slice(level + 1).flat()])},
  })),
);

export default {
  forbidden: [
    ...imports,
    {
      name: 'core imports nothing',
      severity: 'error',
      from: {path: '^src/lib/core/'},
      to: {pathNot: '^src/lib/core/'},
    },
    {name: 'no cycle', severity: 'error', from: {}, to: {circular: true}},
    {
      name: 'no cycle of folders',
      severity: 'error',
      scope: 'folder',
      from: {path: '^src/'},
      to: {circular: true},
    },
    {
      name: 'one call reaches the fast path',
      severity: 'error',
      from: {path: '^src/', pathNot: ['^src/lib/server/fast-path/', '^src/lib/server/start[.]ts$']},
      to: {path: '^src/lib/server/fast-path/'},
    },
    {
      name: 'a driver imports no other driver',
      severity: 'error',
      from: {path: '^src/lib/store/(sqlite|postgres|mysql)/'},
      to: {path: '^src/lib/store/(sqlite|postgres|mysql)/', pathNot: '^src/lib/store/$1/'},
    },
    {
      name: 'the library knows no command line',
      severity: 'error',
      from: {path: '^src/lib/'},
      to: {path: '^node_modules/@oclif/'},
    },
    {
      name: 'what ships needs a dependency',
      severity: 'error',
      // The build puts all that the page in the browser needs into one script.
      from: {path: '^src/', pathNot: '^src/dashboard/'},
      to: {dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '^node_modules/@types/'},
    },
    {
      name: 'imports resolve',
      severity: 'error',
      from: {},
      // A clone has no build yet, which these programs import.
      to: {couldNotResolve: true, pathNot: ['^uniqueid$', '/dist/']},
    },
  ],
  options: {
    doNotFollow: {path: ['^node_modules', '^dist']},
    tsConfig: {fileName: 'tsconfig.json'},
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
