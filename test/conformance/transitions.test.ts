import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatScenario, scenario, statedFlows } from './corpus.js';
import { isAllowed } from './judges.js';
import { KernelJudge } from './kernel-judge.js';
import { smallestTransition, transitions, wrongSteps } from './transitions.js';
import { cloud } from './worlds.js';

describe('from one state to the next', () => {
  it.each(transitions)(
    'E5 a packet of which both say the same has no other fate on the way: %s',
    (_, from, to, verdict) => {
      const [before, after] = [from, to].map(([groups, options]) => scenario('', groups, [verdict], options));
      if (before === undefined || after === undefined) throw new Error('unreachable');
      for (const { flow, allowed } of statedFlows(after)) {
        expect([isAllowed(before.cloud, flow), isAllowed(after.cloud, flow)]).toEqual([allowed, allowed]);
        expect(wrongSteps(before.cloud, after.cloud, flow)).toEqual([]);
      }
    },
  );

  it('is made as small as a fault allows', () => {
    const groups = {
      web: { nics: ['n2', 'n3'], rules: ['in tcp 80', 'in udp 53'] },
      db: { nics: ['n2'], rules: ['in icmp'] },
    };
    const options = { nics: { n0: { antiSpoofing: true } }, addressGroups: { office: ['10.0.0.0/24'] } };
    const at = scenario('', groups, [], options).cloud;
    const hasFault = ({ groups: all }: typeof at) =>
      [...all.values()].some(({ nics, rules }) => nics.length > 0 && rules.some(({ protocol }) => protocol === 'udp'));
    const [before, after] = smallestTransition([at, at], (...pair) => pair.every(hasFault));
    expect(formatScenario(after)).toBe('{"web":{"nics":["n3"],"rules":["in udp 53"]}}, {"nics":{},"addressGroups":{}}');
    expect(before).toEqual(after);
  });
});

describe('a state', () => {
  it('is printed as the corpus reads it', () => {
    fc.assert(
      fc.property(cloud.map(KernelJudge.fits), (at) => {
        const text = formatScenario(at);
        const [groups, options] = JSON.parse(`[${text}]`);
        expect(formatScenario(scenario('', groups, [], options).cloud)).toBe(text);
      }),
    );
  });
});
