export * from './errors.js';
export * from './page.js';
export * from './registration.js';
