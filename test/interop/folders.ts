import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const interopFolder = fileURLToPath(new URL('.', import.meta.url));
export const root = path.resolve(interopFolder, '../..');
export const protoFolder = path.join(root, 'proto');
export const serviceConfig = path.join(protoFolder, 'service-config.json');
/** Programs that were compiled for this run or an earlier one. */
export const binFolder = path.join(interopFolder, 'bin');
