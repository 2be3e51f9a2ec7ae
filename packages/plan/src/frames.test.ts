import { describe, expect, it } from 'vitest';
import { type AppliedFrames, diffFrames, noFrames, planFrames, readFrames } from './frames.js';

const hook = '-p ! IPv4 -j PC-FRAME';
const jump = ['-i vnic1.0 -j PC-NF-1'];
const desired = {
  chains: new Map([
    ['PC-NF-1', ['-p ! ARP -s 02:00:00:00:00:01 -j RETURN', '-j DROP']],
    ['PC-FRAME', jump],
  ]),
};
/** As ebtables-nft-save 1.8.9 prints it. */
const saved = (prerouting: readonly string[], ours: readonly string[] = []) =>
  [
    '# Generated',
    '*filter',
    ':INPUT ACCEPT',
    '-A INPUT -j DROP',
    '# Completed',
    '*nat',
    ':PREROUTING ACCEPT',
    ':OTHER RETURN',
  ]
    .concat(ours.length > 0 ? [':PC-NF-1 RETURN', ':PC-FRAME RETURN'] : [])
    .concat(
      prerouting.map((rule) => `-A PREROUTING ${rule}`),
      ['-A OTHER -j DROP'],
      ours,
    )
    .join('\n');
const whole = [
  '-A PC-NF-1 -p ! ARP -s 02:00:00:00:00:01 -j RETURN',
  '-A PC-NF-1 -j DROP',
  '-A PC-FRAME -i vnic1.0 -j PC-NF-1',
];

describe('frames', () => {
  it('are nothing to do where they are as they are to be', () => {
    const { text, changes } = planFrames(readFrames(saved([hook, '-j OTHER'], whole)), desired);
    expect({ text, changes }).toEqual({ text: '', changes: [] });
  });

  it('are led to again where only the jump to them is gone, or one is elsewhere', () => {
    const { chains } = desired;
    const textAfter = (applied: Partial<AppliedFrames>) =>
      planFrames({ isHooked: true, misplaced: [], chains, ...applied }, desired).text;
    expect(textAfter({})).toBe('');
    expect(textAfter({ isHooked: false })).toContain(`-I PREROUTING 1 ${hook}`);
    expect(textAfter({ misplaced: [{ chain: 'OUTPUT', rule: '-j PC-FRAME' }] })).toContain('-D OUTPUT -j PC-FRAME');
  });

  it('E3 are made with the jump to them, at once, before rules of others', () => {
    expect(planFrames(readFrames(saved(['-j OTHER'])), desired).text).toBe(
      '*nat\n:PC-NF-1 RETURN\n:PC-FRAME RETURN\n-A PC-NF-1 -p ! ARP -s 02:00:00:00:00:01 -j RETURN\n' +
        `-A PC-NF-1 -j DROP\n-A PC-FRAME -i vnic1.0 -j PC-NF-1\n-I PREROUTING 1 ${hook}\nCOMMIT\n`,
    );
  });

  it('E6 go with their jump, by value, where no NIC needs them, and leave what is not ours', () => {
    const { text, applied } = planFrames(readFrames(saved([hook, '-j OTHER'], whole)), { chains: new Map() });
    expect(text).toBe(
      `*nat\n:PC-NF-1 RETURN\n:PC-FRAME RETURN\n-D PREROUTING ${hook}\n-X PC-NF-1\n-X PC-FRAME\nCOMMIT\n`,
    );
    expect(applied).toEqual(noFrames);
  });

  it('write anew what somebody has changed, and nothing else', () => {
    const { text, changes } = planFrames(readFrames(saved([hook], whole.slice(1))), desired);
    expect(text).toBe(
      '*nat\n:PC-NF-1 RETURN\n-A PC-NF-1 -p ! ARP -s 02:00:00:00:00:01 -j RETURN\n-A PC-NF-1 -j DROP\nCOMMIT\n',
    );
    const rule = '-p ! ARP -s 02:00:00:00:00:01 -j RETURN';
    expect(changes).toEqual([{ family: 2, table: 'nat', chain: 'PC-NF-1', kind: 'added', rule, position: 1 }]);
  });

  it('put a jump back to its place', () => {
    expect(planFrames(readFrames(saved(['-j OTHER', hook], whole)), desired).text).toBe(
      `*nat\n-D PREROUTING ${hook}\n-I PREROUTING 1 ${hook}\nCOMMIT\n`,
    );
  });

  it('replace a jump that is of another form', () => {
    expect(planFrames(readFrames(saved(['-j PC-FRAME', '-j OTHER'], whole)), desired).text).toBe(
      `*nat\n-D PREROUTING -j PC-FRAME\n-I PREROUTING 1 ${hook}\nCOMMIT\n`,
    );
  });

  it('that come and go are told chain by chain', () => {
    const { applied } = planFrames(noFrames, desired);
    const kinds = (changes: ReturnType<typeof diffFrames>) =>
      changes.map(({ kind, chain, rule }) => `${kind} ${chain} ${rule}`.trim());
    expect(kinds(diffFrames(noFrames, applied))).toEqual([
      'added PC-NF-1',
      'added PC-NF-1 -p ! ARP -s 02:00:00:00:00:01 -j RETURN',
      'added PC-NF-1 -j DROP',
      'added PC-FRAME',
      'added PC-FRAME -i vnic1.0 -j PC-NF-1',
      `added PREROUTING ${hook}`,
    ]);
    expect(kinds(diffFrames(applied, noFrames))).toContain('removed PC-FRAME');
    expect(diffFrames(applied, { ...applied })).toEqual([]);
  });
});
