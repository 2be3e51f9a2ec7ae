export {
  type Arp,
  buildArpFrame,
  buildFrame,
  internetChecksum,
  type Packet,
  type ParsedPacket,
  parseFrame,
  type TcpFlag,
} from './frames.js';
export { createLab, type Lab } from './lab/lab.js';
export { type CommandResult, type RunOptions, removeLeftovers } from './lab/namespaces.js';
export type { LabNetwork, LabOptions, LabVm } from './lab/topology.js';
export { Flood, type FloodRound, floodNow, type Lane } from './probe/flood.js';
export {
  type Fate,
  type FrameProbe,
  type Probe,
  type ProbePacket,
  type ProbeResult,
  Prober,
  type ProberOptions,
} from './probe/prober.js';
export { kernelState, probeTruthTable, type TruthTable, type TruthTableResult } from './probe/truth-table.js';
export { type FirewallText, SimulatedFirewall, type Verdict } from './simulator/firewall.js';
export { SimulatedFrames } from './simulator/frames.js';
export type { ConnectionState, Situation } from './simulator/situation.js';
