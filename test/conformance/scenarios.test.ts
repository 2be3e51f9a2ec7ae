import { nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { describe, expect, it } from 'vitest';
import { statedFlows } from './corpus.js';
import { isAllowed, passes, simulatedHost } from './judges.js';
import { scenarios } from './scenarios.js';
import { stateOf } from './worlds.js';

describe.each(scenarios)('$name', (scenario) => {
  it('says the reference, and says the rendered text', () => {
    const firewall = simulatedHost(
      planChange(nothingApplied, new FirewallRenderer().render(stateOf(scenario.cloud))).steps,
    );
    statedFlows(scenario).forEach(({ flow, allowed }) => {
      const text = `${flow.from?.id ?? 'out'} > ${flow.to?.id ?? 'out'} ${JSON.stringify(flow.packet.payload)} v${flow.family}`;
      expect(`${text} ${isAllowed(scenario.cloud, flow)}`).toBe(`${text} ${allowed}`);
      expect(`${text} ${passes(firewall, scenario.cloud, flow)}`).toBe(`${text} ${allowed}`);
    });
  });
});
