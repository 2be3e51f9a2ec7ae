import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readUnit } from './unit-file.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = path.join(root, 'deploy/systemd');
const names = readdirSync(folder).filter((name) => name.endsWith('.service'));
const [bootName, enforcerName] = ['portcullis-enforcer-boot.service', 'portcullis-enforcer.service'];
const boot = readUnit(path.join(folder, bootName));
const enforcer = readUnit(path.join(folder, enforcerName));
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasAnalyze) console.warn('systemd-analyze is missing: the units are read by the tests only.');

describe('the unit that runs at boot', () => {
  it('has ended before any network, bridge or virtual machine comes up', () => {
    expect(boot.get('Unit.Before')).toEqual(expect.arrayContaining(['network-pre.target', 'libvirtd.service']));
    // Without anybody that wants it, this target orders nothing.
    expect(boot.get('Unit.Wants')).toContain('network-pre.target');
    // A oneshot that is ordered before another has ended when that one starts.
    expect(boot.get('Service.Type')).toEqual(['oneshot']);
    expect(boot.get('Service.RemainAfterExit')).toEqual(['yes']);
    expect(boot.get('Install.WantedBy')).toEqual(['sysinit.target']);
  });

  it('does not wait for what comes later, by default or by name', () => {
    expect(boot.get('Unit.DefaultDependencies')).toEqual(['no']);
    const waitsFor = ['After', 'Requires', 'BindsTo', 'Requisite'].flatMap((key) => boot.get(`Unit.${key}`) ?? []);
    expect(waitsFor.filter((name) => /network|basic\.target|sysinit\.target|redis|portcullis/.test(name))).toEqual([]);
  });

  it('comes after the disk, the bridge filter, and those that restore rules of their own', () => {
    const needed = ['local-fs.target', 'systemd-modules-load.service', 'systemd-sysctl.service', 'nftables.service'];
    expect(boot.get('Unit.After')).toEqual(expect.arrayContaining(needed));
    expect(readFileSync(path.join(root, 'deploy/modules-load.d/portcullis.conf'), 'utf8')).toBe('br_netfilter\n');
    const switches = readFileSync(path.join(root, 'deploy/sysctl.d/portcullis.conf'), 'utf8');
    for (const name of ['iptables', 'ip6tables']) expect(switches).toContain(`net.bridge.bridge-nf-call-${name} = 1\n`);
  });
});

describe('the unit of the enforcer', () => {
  it('comes after the boot, with or without its success, and is started again for ever', () => {
    expect(enforcer.get('Unit.After')).toContain(bootName);
    expect(enforcer.get('Unit.Wants')).toContain(bootName);
    expect(enforcer.has('Unit.Requires')).toBe(false);
    expect(enforcer.get('Service.Restart')).toEqual(['always']);
    expect(enforcer.get('Unit.StartLimitIntervalSec')).toEqual(['0']);
  });
});

describe.each(names)('%s', (name) => {
  const unit = name === bootName ? boot : enforcer;

  it('runs a program that exists, with flags that it has, on the folder that it keeps', async () => {
    const [, program = '', ...flags] = unit.get('Service.ExecStart') ?? [];
    const main = path.join(root, program.replace('/opt/portcullis/', ''));
    expect(existsSync(main), main).toBe(true);
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--help']);
    for (const flag of flags) expect(stdout).toContain(flag);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`default: /var/lib/${unit.get('Service.StateDirectory')?.[0]}`);
    const documented = unit.get('Unit.Documentation')?.[0]?.replace('file:///opt/portcullis/', '') ?? '';
    expect(existsSync(path.join(root, documented))).toBe(true);
  });

  it('reads variables that the program knows', async () => {
    const [, program = ''] = unit.get('Service.ExecStart') ?? [];
    const main = path.join(root, program.replace('/opt/portcullis/', ''));
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--help']);
    const text = readFileSync(path.join(folder, 'enforcer.env'), 'utf8');
    const variables = [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, variable = '']) => variable);
    expect(variables).toContain('PORTCULLIS_HOST');
    for (const variable of variables) expect(stdout).toContain(variable);
  });

  it.runIf(hasAnalyze)('is what systemd takes without complaint', () => {
    const copies = mkdtempSync(path.join(tmpdir(), 'portcullis-units-'));
    try {
      for (const each of names) {
        const text = readFileSync(path.join(folder, each), 'utf8').replaceAll('/usr/bin/node', process.execPath);
        writeFileSync(path.join(copies, each), text);
      }
      const args = ['verify', '--man=no', path.join(copies, name)];
      const { status, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
      expect({ status, stderr: stderr.split('\n').filter((line) => line.includes('portcullis')) }).toEqual({
        status: 0,
        stderr: [],
      });
    } finally {
      rmSync(copies, { recursive: true, force: true });
    }
  });
});
