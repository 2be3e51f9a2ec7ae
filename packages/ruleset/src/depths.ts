/**
 * How deep the trees may go: nf_tables refuses a ruleset in which a way leads through more than 16 chains
 * (NFT_JUMP_STACK_SIZE), gotos included. The longest one is that of a packet whose address no NIC has:
 *
 * FORWARD, PC-FORWARD, the tree of addresses (1 + 3), that of names (1 + 3), a NIC's chain, a group's, the tree of ports (3),
 * PC-ALLOW.
 *
 * Where a tree may not go deeper, it has a list.
 */
export const addressDepth = 3;
export const nameDepth = 3;
export const portDepth = 3;
