export * from './egress-policy.js';
export * from './essential.js';
export * from './inventory.js';
export * from './ip.js';
export * from './packet.js';
export * from './security-group.js';
export { allowedPairsOf, isForgedArp, isForgedMac } from './spoofing.js';
export * from './verdict.js';
