import type { TableName } from './chain.js';

/**
 * How deep the trees may go: nf_tables refuses a ruleset in which a way leads through more than 16 chains
 * (NFT_JUMP_STACK_SIZE), gotos included. The longest one is that of a packet whose address no NIC has:
 *
 * FORWARD, PC-FORWARD, the tree of addresses (1 + 3), that of names (1 + 3), a NIC's chain, a group's, the tree of ports (3),
 * PC-ALLOW.
 *
 * What leads to less may go deeper. In `raw` that is PREROUTING, PC-PREROUTING, the two trees, a NIC's chain, PC-SD, PC-SX.
 *
 * Where a tree may not go deeper, it has a list.
 */
export const addressDepth: Readonly<Record<TableName, number>> = { raw: 6, filter: 3 };
/**
 * How many bits of an address are looked at in one chain, always from a multiple of that on: so an address that comes
 * leaves most chains alone. By one bit a packet is compared least, and led on the most often.
 */
export const addressStep: Readonly<Record<TableName, number>> = { raw: 1, filter: 3 };
export const nameDepth = 3;
export const portDepth = 3;
