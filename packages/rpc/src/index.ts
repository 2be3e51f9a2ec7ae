export * from './address.js';
export * from './errors.js';
export { maxMessageBytes } from './limits.js';
export * from './page.js';
export type { ServerTls } from './port.js';
export * from './registration.js';
export * from './server.js';
export * from './transport.js';
