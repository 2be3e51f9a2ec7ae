import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bridgeNetfilterProblem } from './bridge-netfilter.js';

describe('the bridge filter', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-bridge-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = (iptables: string, ip6tables: string) =>
    Promise.all([
      writeFile(path.join(folder, 'bridge-nf-call-iptables'), iptables),
      writeFile(path.join(folder, 'bridge-nf-call-ip6tables'), ip6tables),
    ]);

  it('is missing where the module is not loaded, and that tells which', () => {
    expect(bridgeNetfilterProblem(path.join(folder, 'bridge'))).toMatch(/load the module br_netfilter/);
  });

  it.each([
    ['0\n', '1\n', /^bridge-nf-call-iptables is 0: set to 1/],
    ['1\n', '0\n', /^bridge-nf-call-ip6tables is 0: set to 1/],
    ['0\n', '0\n', /^bridge-nf-call-iptables and bridge-nf-call-ip6tables are 0: set to 1/],
  ])('is off with %j and %j, and that tells what to switch on', async (iptables, ip6tables, told) => {
    await write(iptables, ip6tables);
    expect(bridgeNetfilterProblem(folder)).toMatch(told);
  });

  it('is on with both', async () => {
    await write('1\n', '1\n');
    expect(bridgeNetfilterProblem(folder)).toBeUndefined();
  });
});
