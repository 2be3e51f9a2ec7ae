import { formatScenario } from '../../conformance/corpus.js';
import { smallestTransition, wrongSteps } from '../../conformance/transitions.js';
import type { WrongVerdict } from './referee.js';
import type { Timeline } from './timeline.js';

/**
 * A wrong verdict in full: the packet, the states in question, the times, and a row for the corpus (test/conformance/transitions.ts).
 * The row is made smaller where the simulator shows the fault, too.
 */
export function describeWrong(wrong: WrongVerdict, timeline: Timeline): string {
  const { name, kind, flow, wasAllowed, first, last, sentAt, decidedAt } = wrong;
  const [was, say] = wasAllowed ? ['allowed', 'deny'] : ['dropped', 'allow'];
  const time = `sent at ${sentAt.toFixed(1)} ms, decided within ${(decidedAt - sentAt).toFixed(1)} ms`;
  // Where only one state is in question, the one before it was left too early or too late.
  const before = timeline.cloud(Math.max(first === last ? first - 1 : first, 0));
  const row = smallestTransition([before, timeline.cloud(last)], (...pair) => wrongSteps(...pair, flow).length > 0);
  const verdict = `${name.replace(/ (forth|back)$/, '')} = ${wasAllowed ? 'drop' : 'pass'}`;
  return [
    `${kind} packet ${name} was ${was}, states ${first} to ${last} ${say} it; ${time}`,
    `  [${row.map((at) => `[${formatScenario(at)}]`).join(',\n   ')}, '${verdict}'],`,
  ].join('\n');
}
