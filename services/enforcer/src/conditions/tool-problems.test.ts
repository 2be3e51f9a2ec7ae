import { describe, expect, it } from 'vitest';
import { Conditions } from './conditions.js';
import { ToolProblems } from './tool-problems.js';

describe('what tools say when they fail', () => {
  it.each([
    ['ipset: spawn ipset ENOENT', ': install the package ipset'],
    ["ipset: stdbuf: failed to run command 'ipset': No such file or directory", ': install the package ipset'],
    ['ip6tables-nft-save: spawn ip6tables-nft-save ENOENT', ': install the package iptables'],
    ['ipset: Cannot open session to kernel: socket: Protocol not supported', ': load the kernel module ip_set'],
    [
      "iptables-legacy-restore: Couldn't load match `set':No such file",
      ': the extension set of iptables is missing, install the package iptables',
    ],
    ['iptables-nft-restore: line 4 failed', ''],
  ])('%s', (message, advice) => {
    const conditions = new Conditions(() => undefined);
    new ToolProblems(conditions).set('apply', new Error(message));
    expect(conditions.encode()).toMatchObject([{ reason: 'TOOL_FAILED', message: `${message}${advice}` }]);
  });

  it('is a condition until every kind of attempt has succeeded', () => {
    const conditions = new Conditions(() => undefined);
    const problems = new ToolProblems(conditions);
    problems.set('read', new Error('a'));
    problems.set('count', new Error('b'));
    problems.set('read', undefined);
    expect(conditions.encode()).toMatchObject([{ message: 'b' }]);
    problems.set('apply', undefined);
    expect(conditions.encode()).toHaveLength(1);
    problems.set('count', undefined);
    expect(conditions.encode()).toEqual([]);
  });
});
