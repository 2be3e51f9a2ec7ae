/**
 * A network lab: hosts with bridges and VMs behind cables, all of it in network namespaces of this machine.
 *
 * Owns: the namespaces it names, what is inside them, the processes started in them.
 * Does not own: the machine's own network namespace, of which it changes nothing.
 *
 * Invariants
 * L1 Nothing remains after `destroy`, after a normal exit, or — once the next lab starts — after a crash.
 * L2 The underlay never filters; what is dropped was dropped by a host.
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import * as namespaces from './namespaces.js';
import type { LabOptions, LabVm } from './topology.js';
import * as topology from './topology.js';

export interface Lab {
  readonly options: LabOptions;
  /** The VMs as they are plugged now. */
  vm(id: string): LabVm;
  isPlugged(id: string): boolean;
  /** Name of the network namespace of a host, or of `underlay`. */
  hostNamespace(id: string): string;
  vmNamespace(id: string): string;
  /** Runs a command in a namespace to its end; a command that fails is an answer, not an exception. */
  exec(
    namespace: string,
    command: string,
    args?: readonly string[],
    options?: namespaces.RunOptions,
  ): Promise<namespaces.CommandResult>;
  /** Starts a long-lived process on a host; it is ended with the lab. */
  spawnIn(host: string, command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** The same in any namespace of the lab. */
  spawnInNamespace(namespace: string, command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Connects an unplugged VM, at its last place or at another one: a start, or the arrival of a migration. */
  plug(id: string, place?: { readonly host?: string; readonly interfaceName?: string }): Promise<void>;
  /** Takes the interface away, as a VM's stop does. The VM's namespace stays. */
  unplug(id: string): Promise<void>;
  destroy(): Promise<void>;
}

let labCount = 0;

/** Builds the lab, or throws and leaves nothing. Needs root. Removes first what dead runs have left. */
export async function createLab(options: LabOptions): Promise<Lab> {
  namespaces.removeLeftovers();
  labCount += 1;
  const labNumber = labCount;
  const namespaceOf = (id: string) => namespaces.namespaceName(labNumber, id);
  const all = [topology.underlay, ...options.hosts, ...options.vms.map(({ id }) => topology.vmKey(id))].map(
    namespaceOf,
  );
  const removeAll = () => namespaces.removeNamespaces(all);
  process.once('exit', removeAll);
  const destroy = () => {
    removeAll();
    process.off('exit', removeAll);
  };
  try {
    await build(options, namespaceOf, all);
  } catch (error) {
    destroy();
    throw error;
  }
  return labOf(options, namespaceOf, destroy);
}

async function build(options: LabOptions, namespaceOf: topology.NamespaceOf, all: readonly string[]): Promise<void> {
  await namespaces.createNamespaces(all);
  const filtered = topology.hostSettings({ bridgeFilter: true });
  const unfiltered = topology.hostSettings({ bridgeFilter: false });
  await Promise.all([
    ...options.hosts.map((host) => applySettings(namespaceOf(host), filtered)),
    applySettings(namespaceOf(topology.underlay), unfiltered),
  ]);
  await namespaces.runBatch(['-n', namespaceOf(topology.underlay)], topology.cableLines(options, namespaceOf));
  await Promise.all([
    ...options.hosts.map((host) => namespaces.runBatch(['-n', namespaceOf(host)], topology.hostLines(options, host))),
    namespaces.runBatch(['-n', namespaceOf(topology.underlay)], topology.underlayLines(options)),
    ...options.vms.map((vm) => startVm(options, vm, namespaceOf)),
  ]);
  await Promise.all(all.map(awaitCarrier));
}

async function startVm(options: LabOptions, vm: LabVm, namespaceOf: topology.NamespaceOf): Promise<void> {
  await applySettings(namespaceOf(topology.vmKey(vm.id)), topology.vmSettings);
  await namespaces.runBatch(['-n', namespaceOf(topology.vmKey(vm.id))], topology.vmLines(options, vm));
}

/** A setting this kernel does not have is left out: none of them is needed for the lab to work, only for speed. */
async function applySettings(namespace: string, settings: readonly string[]): Promise<void> {
  const script =
    'while read -r path value; do [ ! -e "/proc/sys/net/$path" ] || echo "$value" >"/proc/sys/net/$path"; done';
  const { code, stderr } = await namespaces.runIn(namespace, 'sh', ['-ec', script], {
    input: `${settings.join('\n')}\n`,
  });
  if (code !== 0) throw new Error(`settings of ${namespace}: ${stderr}`);
}

/**
 * Waits until every cable carries and every bridge port forwards. The kernel may put both off for a second; to read
 * `carrier` makes it catch up (linkwatch_sync_dev).
 */
async function awaitCarrier(namespace: string): Promise<void> {
  const script = `
    for attempt in $(seq 250); do
      waiting=
      for link in /sys/class/net/*; do
        [ ! -e "$link/bridge" ] || continue
        read -r carrier 2>/dev/null <"$link/carrier" || carrier=0
        state=3
        [ ! -e "$link/brport/state" ] || read -r state <"$link/brport/state"
        [ "$carrier$state" = 13 ] || waiting="$waiting \${link##*/}"
      done
      [ -n "$waiting" ] || exit 0
      sleep 0.02
    done
    echo "no carrier:$waiting" >&2
    exit 1`;
  const { code, stderr } = await namespaces.runIn(namespace, 'sh', ['-c', script]);
  if (code !== 0) throw new Error(`${namespace}: ${stderr}`);
}

function labOf(options: LabOptions, namespaceOf: topology.NamespaceOf, removeAll: () => void): Lab {
  const vms = new Map(options.vms.map((vm) => [vm.id, vm]));
  const plugged = new Set(vms.keys());
  const children = new Set<ChildProcess>();
  const vm = (id: string): LabVm => {
    const found = vms.get(id);
    if (found === undefined) throw new Error(`no VM ${id} in the lab`);
    return found;
  };
  const hostNamespace = (id: string): string => {
    if (id !== topology.underlay && !options.hosts.includes(id)) throw new Error(`no host ${id} in the lab`);
    return namespaceOf(id);
  };
  const spawnInNamespace: Lab['spawnInNamespace'] = (namespace, command, args, spawnOptions) => {
    const child = namespaces.startIn(namespace, command, args, spawnOptions);
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };

  return {
    options,
    vm,
    isPlugged: (id) => plugged.has(id),
    hostNamespace,
    vmNamespace: (id) => namespaceOf(topology.vmKey(vm(id).id)),
    exec: namespaces.runIn,
    spawnIn: (host, command, args, spawnOptions) => spawnInNamespace(hostNamespace(host), command, args, spawnOptions),
    spawnInNamespace,
    plug: async (id, place = {}) => {
      if (plugged.has(id)) throw new Error(`${id} is plugged already`);
      const placed = { ...vm(id), ...place };
      const bridge = topology.bridgeName(options, placed.network);
      const host = hostNamespace(placed.host);
      await namespaces.runBatch(['-n', namespaceOf(topology.underlay)], [topology.vmCableLine(placed, namespaceOf)]);
      await namespaces.runBatch(['-n', host], topology.portLines(placed.interfaceName, bridge));
      await startVm(options, placed, namespaceOf);
      await Promise.all([host, namespaceOf(topology.vmKey(id))].map(awaitCarrier));
      vms.set(id, placed);
      plugged.add(id);
    },
    unplug: async (id) => {
      const { host, interfaceName } = vm(id);
      await namespaces.runBatch(['-n', hostNamespace(host)], [`link del ${interfaceName}`]);
      plugged.delete(id);
    },
    destroy: async () => {
      for (const child of children) namespaces.endChild(child);
      removeAll();
    },
  };
}
