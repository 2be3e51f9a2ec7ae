export * from './chain.js';
export * from './firewall.js';
export * from './kernel-address.js';
export * from './names.js';
export * from './saved-text.js';
