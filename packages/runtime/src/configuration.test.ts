import { expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationExit, readConfiguration, wholeNumber } from './configuration.js';

const spec = {
  name: 'portcullis-test',
  description: 'A program for tests.',
  version: '1.2.3',
  options: {
    listen: {
      flag: '--listen <address>',
      environment: 'PORTCULLIS_LISTEN',
      description: 'where calls are taken: host:port or unix:/path',
      schema: z.string().default('127.0.0.1:0'),
    },
    heartbeatMs: {
      flag: '--heartbeat-ms <ms>',
      environment: 'PORTCULLIS_HEARTBEAT_MS',
      description: 'how often the state is asked for',
      schema: wholeNumber({ min: 100, max: 60_000 }).default(5000),
    },
    redisUrl: {
      flag: '--redis <url>',
      environment: 'REDIS_URL',
      description: 'the Redis of the doorbells',
      schema: z.string().optional(),
    },
    dryRun: {
      flag: '--dry-run',
      environment: 'PORTCULLIS_DRY_RUN',
      description: 'says what it would do',
      schema: z.stringbool('must be true or false').default(false),
    },
  },
} as const;

const required = {
  ...spec,
  options: { host: { ...spec.options.redisUrl, flag: '--host <name>', environment: 'HOST', schema: z.string() } },
};

function exitOf(read: () => unknown): ConfigurationExit {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationExit) return error;
    throw error;
  }
  return expect.fail('the configuration was accepted');
}

it('what is not set has its default', () => {
  expect(readConfiguration(spec, [], {})).toEqual({
    listen: '127.0.0.1:0',
    heartbeatMs: 5000,
    redisUrl: undefined,
    dryRun: false,
  });
});

it('an environment variable beats the default, a flag beats both', () => {
  const env = { PORTCULLIS_LISTEN: 'unix:/env', PORTCULLIS_HEARTBEAT_MS: '200', REDIS_URL: 'redis://env' };
  const argv = ['--listen', 'unix:/flag', '--dry-run', '--redis=redis://flag?a=b'];
  expect(readConfiguration(spec, argv, env)).toEqual({
    listen: 'unix:/flag',
    heartbeatMs: 200,
    redisUrl: 'redis://flag?a=b',
    dryRun: true,
  });
});

it('an empty environment variable is not set', () => {
  expect(readConfiguration(spec, [], { PORTCULLIS_HEARTBEAT_MS: '' }).heartbeatMs).toBe(5000);
});

it('a switch may be set in the environment', () => {
  expect(readConfiguration(spec, [], { PORTCULLIS_DRY_RUN: 'true' }).dryRun).toBe(true);
});

it('everything that is wrong is named at once, by flag and variable', () => {
  const argv = ['--heartbeat-ms', '99', '--nonsense', 'x', '--other=1'];
  const { message, status } = exitOf(() => readConfiguration(spec, argv, { PORTCULLIS_DRY_RUN: 'perhaps' }));
  expect(status).toBe(2);
  expect(message.split('\n')).toEqual([
    'portcullis-test: --nonsense: there is no such option',
    'portcullis-test: --other: there is no such option',
    'portcullis-test: --heartbeat-ms <ms> (PORTCULLIS_HEARTBEAT_MS): must be a whole number from 100 to 60000',
    'portcullis-test: --dry-run (PORTCULLIS_DRY_RUN): must be true or false',
    'portcullis-test --help lists every option.',
    '',
  ]);
});

it.each([
  ['a value that is missing', ['--host'], '--host <name>'],
  ['a flag in the place of a value', ['--host', '--host'], '--host: has no value'],
  ['an option that is required', [], '--host <name> (HOST): is required'],
  ['an argument that is no option', ['--host', 'h', 'start'], 'start: there are no arguments besides options'],
])('%s is an error', (_, argv, expected) => {
  const { message, status } = exitOf(() => readConfiguration(required, argv, {}));
  expect(status).toBe(2);
  expect(message).toContain(expected);
});

it('--help shows flag, variable, meaning and default of every option', () => {
  const { message, status } = exitOf(() => readConfiguration(spec, ['--help'], {}));
  expect(status).toBe(0);
  const text = message.replace(/\s+/g, ' ');
  expect(text).toContain('Usage: portcullis-test [options] A program for tests.');
  expect(text).toContain(
    '--heartbeat-ms <ms> how often the state is asked for (PORTCULLIS_HEARTBEAT_MS; default: 5000)',
  );
  expect(text).toContain('--redis <url> the Redis of the doorbells (REDIS_URL)');
  expect(exitOf(() => readConfiguration(required, ['--help'], {})).message).toContain('(HOST; required)');
});

it('--version shows the version', () => {
  expect(exitOf(() => readConfiguration(spec, ['--version'], {}))).toMatchObject({ message: '1.2.3\n', status: 0 });
});

it.each(['', ' 1', '1.5', '0x10', '1e3', '-1', '01', '99999999999999999999'])('%j is no whole number', (text) => {
  expect(wholeNumber().safeParse(text).success).toBe(false);
});

it('a whole number may be negative where it may', () => {
  expect(wholeNumber({ min: -5 }).parse('-5')).toBe(-5);
});
