export * from './data-folder.js';
export * from './follow-store.js';
export * from './open-store.js';
export * from './store.js';
