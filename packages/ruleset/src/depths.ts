import type { Family } from '@portcullis/model';
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
 * How many bits of an address are looked at in one chain, counted from its end, so that an address that comes leaves most
 * chains alone. To be led on costs a packet as much as six to ten comparisons of IPv4, which are cheap where they are not of
 * 24 bits, and to nf_tables no more than one of IPv6.
 */
export const addressStep: Readonly<Record<TableName, Readonly<Record<Family, number>>>> = {
  raw: { 4: 3, 6: 1 },
  filter: { 4: 3, 6: 3 },
};
export const nameDepth = 3;
export const portDepth = 3;
