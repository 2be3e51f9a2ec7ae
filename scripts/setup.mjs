// Installs what a fresh Debian machine is missing: npm packages and, for the data path, Debian packages.
// Plain Node, no dependencies: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Programs the suite and its lab run, and the Debian package each comes from. */
const programs = {
  'iptables-nft-restore': 'iptables',
  'iptables-legacy-restore': 'iptables',
  ipset: 'ipset',
  nft: 'nftables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  sysctl: 'procps',
  'redis-server': 'redis-server',
  perl: 'perl',
};

/** What only the tests run: they paste lines of curl, and make keys for TLS. */
const testPrograms = { curl: 'curl', openssl: 'openssl' };

/** Where Debian keeps the programs of PostgreSQL's server, outside PATH; the tests start one of their own. */
const postgresFolder = '/usr/lib/postgresql';

/** Programs that are missing here, each with its Debian package. */
function missingPrograms({ forTests, withPostgres, withJavaPlugin }) {
  const wanted = Object.entries(forTests ? { ...programs, ...testPrograms } : programs);
  // gRPC's plugin for protoc, of use only to those who can run Java.
  if (withJavaPlugin && onPath('java') && onPath('mvn')) {
    wanted.push(['grpc_java_plugin', 'protobuf-compiler-grpc-java-plugin']);
  }
  const missing = wanted.filter(([program]) => !onPath(program));
  const servers = existsSync(postgresFolder) ? readdirSync(postgresFolder) : [];
  const hasPostgres = servers.some((version) => existsSync(path.join(postgresFolder, version, 'bin/initdb')));
  return hasPostgres || !withPostgres ? missing : [...missing, ['initdb', 'postgresql']];
}

/** Runs a program in the foreground; throws an error that names the step when it fails. */
export function run(step, command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error || result.status !== 0) {
    const why = result.error ? result.error.message : `exit status ${result.status ?? result.signal}`;
    throw new Error(`${step} failed (${command} ${args.join(' ')}): ${why}`);
  }
}

function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Installs npm packages when node_modules is missing or older than the lock file. */
export function setUpNpm() {
  const stamp = path.join(root, 'node_modules/.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('setup: installing npm packages (npm install), about a minute on a fresh machine');
  // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which some registries do not
  // carry. The versions are those of the lock file all the same, and --no-save leaves it as it is.
  run('installing npm packages', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Installs the Debian packages whose programs are missing. Needs root and apt-get. */
export function setUpDebian({ forTests = false, withPostgres = false, withJavaPlugin = false } = {}) {
  const missing = missingPrograms({ forTests, withPostgres, withJavaPlugin });
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  const names = missing.map(([program]) => program).join(', ');
  if (process.getuid?.() !== 0) {
    throw new Error(`missing programs: ${names}. Run as root, or install first: apt-get install ${packages.join(' ')}`);
  }
  if (!onPath('apt-get')) {
    throw new Error(
      `missing programs: ${names}, and there is no apt-get here. Install them with your package manager.`,
    );
  }
  console.log(`setup: installing Debian packages: ${packages.join(', ')}`);
  // No service of a package may start by itself: the suite starts its own, privately.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('reading package lists', 'apt-get', ['update', '-qq'], { env });
  run('installing Debian packages', 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env,
  });
}

/** Compiles the workspaces; a second run with nothing changed takes about a second. */
export function build() {
  console.log('setup: compiling (tsc -b)');
  run('compiling', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
}
