export * from './inventory.js';
export * from './ip.js';
export * from './security-group.js';
