/** The layers of docs/ARCHITECTURE.md, one rule each, with the reason. Run by `npm run check`. */
const layer = (names) => `^packages/(${names})/src`;

module.exports = {
  forbidden: [
    {
      name: 'model-stands-alone',
      comment: 'The vocabulary and the reference verdict must be readable, and trusted, without anything else.',
      severity: 'error',
      from: { path: layer('model') },
      to: { path: '^(packages|services)/', pathNot: layer('model') },
    },
    {
      name: 'runtime-knows-no-domain',
      comment: 'Configuration, log and life cycle serve every service alike.',
      severity: 'error',
      from: { path: layer('runtime') },
      to: { path: '^(packages|services)/', pathNot: layer('runtime') },
    },
    {
      name: 'middle-layer-points-down',
      comment: 'compile, ruleset, api, stream and store are used by the layers above, never the other way round.',
      severity: 'error',
      from: { path: layer('compile|ruleset|api|stream|store') },
      to: { path: '^(services|packages/(plan|rpc|resource|suite|demo|testing))/' },
    },
    {
      name: 'resource-knows-no-resource',
      comment: 'What holds for every resource stands above store and rpc, and is told by the services what they keep.',
      severity: 'error',
      from: { path: layer('resource') },
      to: { path: '^(services|packages/(model|compile|ruleset|plan|stream|suite|demo|testing))/' },
    },
    {
      name: 'rpc-keeps-nothing',
      comment: 'Servers and clients serve the enforcer and the dispatcher too, which have no store.',
      severity: 'error',
      from: { path: layer('rpc') },
      to: { path: layer('store|resource') },
    },
    {
      name: 'pure-packages-do-no-io',
      comment: 'Everything worth proving lives in pure code: the same input gives the same output, in any test.',
      severity: 'error',
      from: { path: layer('model|compile|ruleset|plan'), pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|net|util)$' },
    },
    {
      name: 'nothing-shipped-needs-the-lab',
      comment: 'testing and demo are for development: what runs in production must not pull them in.',
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: '(^packages/(testing|demo)/|\\.test\\.ts$|/fixtures/)' },
      to: { path: '^packages/(testing|demo)/' },
    },
    {
      name: 'packages-do-not-need-services',
      comment: 'Only the suite, which puts the services into one process, and the demonstration may know them.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/(suite|demo)/' },
      to: { path: '^services/' },
    },
    {
      name: 'services-meet-only-in-proto',
      comment: 'A service that imports another cannot be deployed, or reasoned about, alone.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'child-processes-in-one-file',
      comment: 'One file of the enforcer runs programs, so that one review tells what can reach a shell.',
      severity: 'error',
      from: { path: '^services/', pathNot: '(^services/enforcer/src/kernel/exec\\.ts|\\.test\\.ts)$' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'judges-share-no-code-with-the-judged',
      comment: 'A simulator that reuses the renderer would repeat its mistakes.',
      severity: 'error',
      from: { path: layer('testing') },
      to: { path: layer('ruleset|plan|compile') },
    },
    {
      name: 'no-circles',
      comment: 'A circle has no bottom to begin reading at.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['portcullis-source', 'import', 'require', 'node'],
    },
  },
};
