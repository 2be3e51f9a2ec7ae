export * from './configuration.js';
export * from './log.js';
export * from './main.js';
