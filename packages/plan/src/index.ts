export * from './applied.js';
export * from './diff.js';
export * from './diff-applied.js';
export * from './frames.js';
export * from './plan.js';
export * from './removal.js';
