import { create, createFileRegistry, type Message } from '@bufbuild/protobuf';
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  file_google_protobuf_descriptor,
} from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { type OpenService, serviceOf } from './registration.js';

/** A service with a method of each kind, and every kind of symbol, as no real one has. */
const file = create(FileDescriptorProtoSchema, {
  name: 'echo/v1/echo.proto',
  package: 'echo.v1',
  syntax: 'proto3',
  dependency: ['google/protobuf/descriptor.proto'],
  messageType: [
    {
      name: 'Text',
      field: [
        {
          name: 'text',
          jsonName: 'text',
          number: 1,
          label: FieldDescriptorProto_Label.OPTIONAL,
          type: FieldDescriptorProto_Type.STRING,
          oneofIndex: 0,
        },
      ],
      oneofDecl: [{ name: 'said' }],
      enumType: [{ name: 'Tone', value: [{ name: 'TONE_UNSPECIFIED', number: 0 }] }],
    },
  ],
  extension: [
    {
      name: 'note',
      number: 50_001,
      label: FieldDescriptorProto_Label.OPTIONAL,
      type: FieldDescriptorProto_Type.STRING,
      extendee: '.google.protobuf.MessageOptions',
    },
  ],
  service: [
    {
      name: 'EchoService',
      method: [
        { name: 'Once', inputType: '.echo.v1.Text', outputType: '.echo.v1.Text' },
        { name: 'Repeat', inputType: '.echo.v1.Text', outputType: '.echo.v1.Text', serverStreaming: true },
        { name: 'Join', inputType: '.echo.v1.Text', outputType: '.echo.v1.Text', clientStreaming: true },
        {
          name: 'Converse',
          inputType: '.echo.v1.Text',
          outputType: '.echo.v1.Text',
          clientStreaming: true,
          serverStreaming: true,
        },
      ],
    },
  ],
});

const registry = createFileRegistry(file, () => file_google_protobuf_descriptor);

type Text = Message<'echo.v1.Text'> & {
  said: { case: 'text'; value: string } | { case: undefined; value?: undefined };
};
export const TextSchema = registry.getMessage('echo.v1.Text') as GenMessage<Text>;

export const EchoService = registry.getService('echo.v1.EchoService') as unknown as GenService<{
  once: { methodKind: 'unary'; input: typeof TextSchema; output: typeof TextSchema };
  repeat: { methodKind: 'server_streaming'; input: typeof TextSchema; output: typeof TextSchema };
  join: { methodKind: 'client_streaming'; input: typeof TextSchema; output: typeof TextSchema };
  converse: { methodKind: 'bidi_streaming'; input: typeof TextSchema; output: typeof TextSchema };
}>;

export function text(value: string): Text {
  return create(TextSchema, { said: { case: 'text', value } });
}

export function textOf({ said }: Text): string {
  return said.value ?? '';
}

/** Answers what it was told; `handlers` replace what a test needs otherwise. */
export function echoService(
  handlers: Partial<ServiceImpl<typeof EchoService>> = {},
  ready: () => boolean = () => true,
): OpenService {
  const all: ServiceImpl<typeof EchoService> = {
    once: (request) => request,
    async *repeat(request) {
      for (const each of textOf(request).split(' ')) yield text(each);
    },
    async join(requests) {
      const words: string[] = [];
      for await (const request of requests) words.push(textOf(request));
      return text(words.join(' '));
    },
    async *converse(requests) {
      for await (const request of requests) yield text(textOf(request).toUpperCase());
    },
    ...handlers,
  };
  return { registrations: [serviceOf(EchoService, all)], ready, close: async () => undefined };
}
