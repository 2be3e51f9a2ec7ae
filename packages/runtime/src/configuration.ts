import { Command, CommanderError, type Option as Flag } from 'commander';
import { z } from 'zod';

/**
 * One setting of a program, declared once: where its text comes from and what it may be. A flag beats its environment
 * variable; an empty variable counts as unset.
 */
export interface Option<Schema extends z.ZodType = z.ZodType> {
  /** `--listen <address>`; without a value in angle brackets it is a switch, whose text is `true`. */
  readonly flag: string;
  /** `PORTCULLIS_LISTEN`. */
  readonly environment: string;
  /** What it means, and its unit; the default is shown beside it. */
  readonly description: string;
  /** Reads the text; `.default()` and `.optional()` decide what its absence means. */
  readonly schema: Schema;
}

export type Options = Readonly<Record<string, Option>>;

export type Configuration<Declared extends Options> = {
  readonly [Name in keyof Declared]: z.output<Declared[Name]['schema']>;
};

/** A program and what can be set. */
export interface ConfigurationSpec<Declared extends Options> {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly options: Declared;
}

/** The program ends before it begins: help or version was asked for (status 0), or its configuration is wrong (status 2). */
export class ConfigurationExit extends Error {
  override readonly name = 'ConfigurationExit';
  readonly status: 0 | 2;

  constructor(text: string, status: 0 | 2) {
    super(text);
    this.status = status;
  }
}

/** Reads a decimal number without fraction. */
export function wholeNumber({ min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}) {
  const expected = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^(0|-?[1-9][0-9]{0,15})$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

/** Reads `argv`, the arguments after the program's name, and the environment. Throws `ConfigurationExit`, which names everything that is wrong at once. */
export function readConfiguration<Declared extends Options>(
  spec: ConfigurationSpec<Declared>,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Configuration<Declared> {
  const flags = readFlags(spec, argv);
  const problems = [...flags.problems];
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(spec.options)) {
    const text = flags.texts.get(name) ?? (env[option.environment] || undefined);
    const result = option.schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push(`${sourcesOf(option)}: ${text === undefined ? 'is required' : messageOf(result.error)}`);
  }
  if (problems.length === 0) return values as Configuration<Declared>;
  const lines = problems.map((problem) => `${spec.name}: ${problem}\n`).join('');
  throw new ConfigurationExit(`${lines}${spec.name} --help lists every option.\n`, 2);
}

function readFlags<Declared extends Options>(spec: ConfigurationSpec<Declared>, argv: readonly string[]) {
  const texts = new Map<string, string>();
  const problems: string[] = [];
  const known = new Set<string>();
  let shown = '';
  const write = (text: string) => {
    shown += text;
  };
  const command = new Command(spec.name)
    .description(spec.description)
    .version(spec.version, '--version', 'show the version')
    .helpOption('--help', 'show this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined })
    .configureHelp({ sortOptions: false, helpWidth: 100 })
    .allowUnknownOption()
    .allowExcessArguments();
  for (const [name, option] of Object.entries(spec.options)) {
    const flag: Flag = command.createOption(option.flag, describe(option));
    const long = flag.long ?? option.flag;
    known.add(long);
    command.addOption(flag);
    command.on(`option:${flag.name()}`, (value: string | undefined) => {
      if (value !== undefined && known.has(value)) problems.push(`${long}: has no value`);
      else texts.set(name, value ?? 'true');
    });
  }
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new ConfigurationExit(shown, 0);
    problems.push(`${error.message.replace(/^error: /, '')}`);
  }
  return { texts, problems: [...problems, ...unknownArguments(command.args)] };
}

/** What commander took for nothing it knows: a flag and, perhaps, its value. */
function unknownArguments(rest: readonly string[]): string[] {
  const flags = rest.filter((each) => each.startsWith('-'));
  if (flags.length > 0) return flags.map((each) => `${each.replace(/=.*/s, '')}: there is no such option`);
  return rest.map((each) => `${each}: there are no arguments besides options`);
}

function sourcesOf(option: Option): string {
  return `${option.flag} (${option.environment})`;
}

function messageOf(error: z.ZodError): string {
  return error.issues.map(({ message }) => message).join(', ');
}

function describe(option: Option): string {
  const absent = option.schema.safeParse(undefined);
  if (!absent.success) return `${option.description} (${option.environment}; required)`;
  const shown = absent.data === undefined ? '' : `; default: ${String(absent.data)}`;
  return `${option.description} (${option.environment}${shown})`;
}
