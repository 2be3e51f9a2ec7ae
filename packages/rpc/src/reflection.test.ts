import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { policyV1, reflectionV1, reflectionV1alpha } from '@portcullis/api';
import { describe, expect, it } from 'vitest';
import { echoService } from './echo-service.fake.js';
import { type Registration, serviceOf } from './registration.js';
import { dial, serve } from './running-server.fake.js';

type Question = reflectionV1.ServerReflectionRequest['messageRequest'];

const versions = { v1: reflectionV1.ServerReflection, v1alpha: reflectionV1alpha.ServerReflection };

const policy: Registration = serviceOf(
  policyV1.PolicyService,
  Object.fromEntries(policyV1.PolicyService.methods.map(({ localName }) => [localName, () => ({})])) as never,
);

async function serveAll(): Promise<string> {
  const services = [echoService(), { registrations: [policy], ready: () => true, close: async () => undefined }];
  return (await serve({ services })).address;
}

describe.each(Object.entries(versions))('reflection %s', (version, service) => {
  async function ask(...questions: Question[]) {
    const client = createClient(service as typeof versions.v1, dial(await serveAll()));
    const requests = (async function* () {
      for (const messageRequest of questions) yield { host: 'h', messageRequest };
    })();
    const answers = [];
    for await (const answer of client.serverReflectionInfo(requests)) answers.push(answer);
    return answers.map((answer) => answer.messageResponse);
  }

  async function filesOf(question: Question): Promise<string[]> {
    const [answer] = await ask(question);
    if (answer?.case !== 'fileDescriptorResponse') throw new Error(`answered ${answer?.case}`);
    return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
  }

  it('lists every service, itself too', async () => {
    const [answer] = await ask({ case: 'listServices', value: '' });
    expect(answer).toMatchObject({
      case: 'listServicesResponse',
      value: {
        service: [
          { name: 'echo.v1.EchoService' },
          { name: 'grpc.health.v1.Health' },
          { name: 'grpc.reflection.v1.ServerReflection' },
          { name: 'grpc.reflection.v1alpha.ServerReflection' },
          { name: 'portcullis.policy.v1.PolicyService' },
        ],
      },
    });
  });

  it('a file comes with what it imports', async () => {
    const files = await filesOf({ case: 'fileByFilename', value: 'portcullis/policy/v1/policy.proto' });
    expect(files[0]).toBe('portcullis/policy/v1/policy.proto');
    expect(files).toContain('google/protobuf/timestamp.proto');
    expect(new Set(files).size).toBe(files.length);
  });

  it.each([
    ['service', 'echo.v1.EchoService'],
    ['method', 'echo.v1.EchoService.Once'],
    ['message', 'echo.v1.Text'],
    ['field', 'echo.v1.Text.text'],
    ['oneof', 'echo.v1.Text.said'],
    ['nested enum', 'echo.v1.Text.Tone'],
    ['enum value, beside its enum', 'echo.v1.Text.TONE_UNSPECIFIED'],
    ['enum value, in its enum', 'echo.v1.Text.Tone.TONE_UNSPECIFIED'],
    ['extension', 'echo.v1.note'],
  ])('a %s is found', async (_, value) => {
    const files = await filesOf({ case: 'fileContainingSymbol', value });
    expect(files).toEqual(['echo/v1/echo.proto', 'google/protobuf/descriptor.proto']);
  });

  it('the details of errors are found, though no service mentions them', async () => {
    const byName = await filesOf({ case: 'fileByFilename', value: 'google/rpc/error_details.proto' });
    const bySymbol = await filesOf({ case: 'fileContainingSymbol', value: 'google.rpc.BadRequest.FieldViolation' });
    expect(byName).toEqual(['google/rpc/error_details.proto', 'google/protobuf/duration.proto']);
    expect(bySymbol).toEqual(byName);
  });

  it('extensions are found by what they extend', async () => {
    const containingType = 'google.protobuf.MessageOptions';
    const value = {
      $typeName: 'grpc.reflection.v1.ExtensionRequest',
      containingType,
      extensionNumber: 50_001,
    } as const;
    expect(await filesOf({ case: 'fileContainingExtension', value })).toContain('echo/v1/echo.proto');
    const [numbers, none] = await ask(
      { case: 'allExtensionNumbersOfType', value: containingType },
      { case: 'allExtensionNumbersOfType', value: 'echo.v1.Text' },
    );
    expect(numbers).toMatchObject({ value: { baseTypeName: containingType, extensionNumber: [50_001] } });
    expect(none).toMatchObject({ case: 'allExtensionNumbersResponse', value: { extensionNumber: [] } });
  });

  it('what is not there is an answer, not the end of the stream', async () => {
    const extension = { containingType: 'echo.v1.Text', extensionNumber: 7 };
    const answers = await ask(
      { case: 'fileByFilename', value: 'no.proto' },
      { case: 'fileContainingSymbol', value: 'echo.v1.No' },
      { case: 'fileContainingExtension', value: extension as never },
      { case: 'allExtensionNumbersOfType', value: 'echo.v1.No' },
      { case: undefined },
      { case: 'listServices', value: '' },
    );
    expect(answers.map((each) => (each.case === 'errorResponse' ? each.value.errorCode : each.case))).toEqual([
      5,
      5,
      5,
      5,
      3,
      'listServicesResponse',
    ]);
  });

  it('buf curl lists methods and calls them with nothing but the address', async () => {
    const address = await serveAll();
    const curl = async (...args: string[]) => {
      const common = ['--http2-prior-knowledge', '--protocol', 'grpc', '--reflect-protocol', `grpc-${version}`];
      const { stdout } = await promisify(execFile)('node_modules/.bin/buf', ['curl', ...common, ...args]);
      return stdout;
    };
    expect(await curl('--list-methods', address)).toContain('portcullis.policy.v1.PolicyService/GetSecurityGroup\n');
    expect(JSON.parse(await curl('-d', '{"text":"hello"}', `${address}/echo.v1.EchoService/Once`))).toEqual({
      text: 'hello',
    });
    expect(
      JSON.parse(await curl('-d', '{}', `${address}/portcullis.policy.v1.PolicyService/GetSecurityGroup`)),
    ).toEqual({});
  });
});
