export * from './cloud.js';
export * from './compile-host.js';
export * from './digest.js';
export * from './host-state.js';
export * from './span.js';
