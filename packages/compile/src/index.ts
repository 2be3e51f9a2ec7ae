export * from './host-state.js';
