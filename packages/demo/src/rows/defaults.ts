import { drops, echo, everyday, everything, passes, tcp } from '../packets.js';
import type { Row } from '../row.js';

/** Groups without rules of their own: what is closed, what is open, and who may join. */
export const defaultRows: readonly Row[] = [
  {
    promise: 'A NIC in no group is not filtered',
    packets: [passes('guest', 'web', ...everything), passes('ops', 'web', ...everything)],
  },
  {
    promise: 'A NIC may not join a group that is not attached to its network',
    act: async ({ scheduler }) => {
      await scheduler.createGroup('team');
      await scheduler.attach('team', 'public');
      await scheduler.join('team', 'web');
    },
    refused: 'NETWORK_NOT_ATTACHED',
    packets: [passes('guest', 'web', tcp(80))],
  },
  {
    promise: 'Ingress is closed by default, from the same host and from another',
    act: async ({ scheduler }) => {
      await scheduler.attach('team', 'flat');
      await scheduler.join('team', 'web');
    },
    packets: [drops('guest', 'web', ...everything), drops('ops', 'web', ...everything)],
  },
  {
    promise: 'Egress is open by default',
    packets: [passes('web', 'guest', ...everything), passes('web', 'ops', ...everything)],
  },
  {
    promise: 'Members of a group reach each other on one host',
    act: ({ scheduler }) => scheduler.join('team', 'app'),
    packets: [passes('app', 'web', ...everything), passes('web', 'app', ...everything), drops('guest', 'app', tcp(80))],
  },
  {
    promise: 'Members of a group reach each other on two hosts',
    act: ({ scheduler }) => scheduler.join('team', 'db'),
    packets: [passes('db', 'web', ...everything), passes('web', 'db', ...everything), drops('ops', 'db', tcp(80))],
  },
  {
    promise: 'A NIC in no group stays untouched beside guarded ones',
    packets: [passes('ops', 'guest', ...everything), passes('guest', 'ops', ...everything)],
  },
  {
    promise: 'A member that leaves is a stranger, and no longer filtered',
    act: ({ scheduler }) => scheduler.leave('team', 'db'),
    packets: [drops('db', 'web', ...everyday), passes('web', 'db', ...everyday), passes('ops', 'db', ...everyday)],
  },
  {
    promise: 'A disabled group is as if no NIC were in it',
    act: ({ scheduler }) => scheduler.setState('team', 'DISABLED'),
    packets: [passes('guest', 'web', ...everyday), passes('ops', 'app', ...everyday)],
  },
  {
    promise: 'Enabling a group restores it',
    act: ({ scheduler }) => scheduler.setState('team', 'ENABLED'),
    packets: [drops('guest', 'web', ...everyday), drops('ops', 'app', ...everyday), passes('app', 'web', ...everyday)],
  },
  {
    promise: 'Deleting the automatic rules ends the communication inside the group',
    act: ({ scheduler }) => scheduler.removeAutomaticRules('team'),
    packets: [
      drops('app', 'web', ...everyday),
      drops('web', 'app', ...everyday),
      passes('web', 'guest', tcp(80), echo),
    ],
  },
];
