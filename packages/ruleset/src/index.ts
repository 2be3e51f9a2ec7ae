export * from './chain.js';
export * from './firewall.js';
export type { RuleIds } from './group-chain.js';
export * from './kernel-address.js';
export * from './names.js';
export * from './rule-counters.js';
export * from './saved-text.js';
