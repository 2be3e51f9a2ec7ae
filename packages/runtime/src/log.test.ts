import { expect, it } from 'vitest';
import { createLogger } from './log.js';

it('a line is one JSON object with name, level, time and message', () => {
  const lines: string[] = [];
  const log = createLogger('policy', { destination: { write: (line) => lines.push(line) } });
  log.info({ address: 'unix:/s' }, 'listening');
  log.debug('not shown');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    name: 'policy',
    level: 30,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    address: 'unix:/s',
    msg: 'listening',
  });
});
