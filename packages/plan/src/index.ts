export * from './applied.js';
export * from './diff.js';
export * from './plan.js';
