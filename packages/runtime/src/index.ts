export * from './configuration.js';
export * from './followed-file.js';
export * from './log.js';
export * from './main.js';
