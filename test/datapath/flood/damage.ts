import type { KernelLab } from '../../../services/enforcer/src/fixtures/kernel-lab.js';
import type { Backend } from './flooded-host.js';

/** What other programs and people do to a host. */
export interface Damage {
  readonly name: string;
  /** For the shell of the host; undefined where there is nothing to damage now. */
  readonly commandIn: (kernel: SavedLines) => string | undefined;
}

/** What a kernel holds, as lines. */
export interface SavedLines {
  readonly backend: Backend;
  readonly rules: readonly string[];
  readonly sets: readonly string[];
}

/** A file that somebody restores over everything, as a reload of another firewall does. */
const foreignFile = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OTHER - [0:0]
-A FORWARD -j OTHER
-A OTHER -p tcp -m tcp --dport 22 -j DROP
COMMIT
`;

/** The first rule of ours that fits, as its words. */
function ruleIn({ rules }: SavedLines, pattern: RegExp): string[] {
  return rules.find((line) => pattern.test(line))?.split(' ') ?? [];
}

/** A set that rules name, and one of its members where it has one. */
function setsIn(saved: SavedLines): { set: string; member: string | undefined }[] {
  const named = saved.rules.flatMap((line) => [...line.matchAll(/--match-set (pc-4-\S+)/g)].map(([, set = '']) => set));
  return named.map((set) => {
    return { set, member: saved.sets.find((line) => line.startsWith(`add ${set} `))?.split(' ')[2] };
  });
}

const inTables = (name: string, args: string, program: 'iptables' | 'ip6tables' = 'iptables'): Damage => {
  return { name, commandIn: ({ backend }) => `${program}-${backend} -w 5 ${args}` };
};

export const damages: readonly Damage[] = [
  inTables('iptables -F', '-F'),
  inTables('ip6tables -F', '-F', 'ip6tables'),
  inTables('iptables -t raw -F', '-t raw -F'),
  inTables('iptables -D of our jump', '-D FORWARD 1'),
  inTables('iptables -I into our chain', '-I PC-FORWARD -j RETURN'),
  {
    name: 'iptables -F of a group',
    commandIn: (saved) => {
      const [, chain] = ruleIn(saved, /^-A PC-GI-\S+ .*-g PC-ALLOW/);
      return chain && `iptables-${saved.backend} -w 5 -F ${chain}`;
    },
  },
  {
    name: 'ipset flush',
    commandIn: (saved) => (setsIn(saved).some(({ member }) => member !== undefined) ? 'ipset flush' : undefined),
  },
  {
    name: 'ipset del',
    commandIn: (saved) => {
      const found = setsIn(saved).find(({ member }) => member !== undefined);
      return found && `ipset del ${found.set} ${found.member}`;
    },
  },
  {
    name: 'ipset add',
    commandIn: (saved) => {
      const [found] = setsIn(saved);
      return found && `ipset add ${found.set} 10.0.0.77`;
    },
  },
  {
    name: 'iptables-restore of a foreign file',
    commandIn: ({ backend }) => `printf '%b' '${foreignFile.replaceAll('\n', '\\n')}' | iptables-${backend}-restore`,
  },
];

export async function readLines({ run }: KernelLab, backend: Backend): Promise<SavedLines> {
  const [rules, sets] = [await run(`iptables-${backend}-save`), await run('ipset', 'save')];
  return { backend, rules: rules.split('\n'), sets: sets.split('\n') };
}
