// `npm run check`: everything a reviewer would run, short of the tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, run, setUpNpm } from './setup.mjs';

const bin = (name) => `node_modules/.bin/${name}`;

/** Fails when a layer rule is broken, and when the tool saw no modules at all. */
function checkLayers() {
  const args = ['packages', 'services', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const result = spawnSync(bin('depcruise'), args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw result.error;
  if (!result.stdout) throw new Error(`the layer check did not run: ${result.stderr}`);
  const { summary } = JSON.parse(result.stdout);
  for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
  if (summary.violations.length > 0) throw new Error(`${summary.violations.length} imports break the layers`);
  if (summary.totalCruised < 20) throw new Error(`the layer check saw only ${summary.totalCruised} modules`);
  console.log(`layers: ${summary.totalCruised} modules, no violation`);
}

/** What git prints, or undefined where it knows no answer. */
function git(...args) {
  const result = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return result.status === 0 && result.stdout.trim() !== '' ? result.stdout.trim() : undefined;
}

/**
 * Fails when a change of proto/ breaks callers: what is not committed is compared with the last commit, else the last commit
 * that touched proto/ with the one before, where the clone has one.
 */
function checkBreaking() {
  const isChanged = git('status', '--porcelain', '--', 'proto') !== undefined;
  const last = git('rev-list', '-1', 'HEAD', '--', 'proto/portcullis', 'proto/buf.yaml');
  const before = isChanged ? 'HEAD' : (git('rev-parse', '--verify', '--quiet', `${last}^`) ?? 'HEAD');
  const folder = mkdtempSync(path.join(tmpdir(), 'portcullis-proto-'));
  try {
    run('reading the protos of before', 'git', ['archive', '--output', `${folder}/before.tar`, before, 'proto']);
    run('reading the protos of before', 'tar', ['-xf', `${folder}/before.tar`, '-C', folder]);
    run('proto breaking', bin('buf'), ['breaking', 'proto', '--against', `${folder}/proto`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  setUpNpm();
  run('proto lint', bin('buf'), ['lint', 'proto']);
  checkBreaking();
  run('generating', process.execPath, ['scripts/generate.mjs']);
  run('generated files are fresh', 'git', ['diff', '--exit-code', '--stat', '--', 'packages/api/src/gen']);
  run('compiling', bin('tsc'), ['-b']);
  run('compiling the tests', bin('tsc'), ['-p', 'test']);
  run('format and lint', bin('biome'), ['check', '.']);
  run('dead files, exports and dependencies', bin('knip'), []);
  checkLayers();
  console.log('check: all well');
} catch (error) {
  console.error(`npm run check: ${error.message}`);
  process.exit(1);
}
