import type { Row } from '../row.js';
import { defaultRows } from './defaults.js';
import { egressRows } from './egress.js';
import { networkRows } from './networks.js';
import { peerRows } from './peers.js';
import { protocolRows } from './protocols.js';

/** In this order: a row begins where the one before has left the cloud. */
export const rows: readonly Row[] = [...defaultRows, ...protocolRows, ...peerRows, ...egressRows, ...networkRows];
