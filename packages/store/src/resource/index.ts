/** Resources of an API as documents of a store: names, field checks, typed collections, watches. */

export * from './collection.js';
export * from './field-checks.js';
export * from './resource-name.js';
export * from './translate-errors.js';
export * from './update-mask.js';
export * from './violations.js';
export * from './watch-store.js';
