import type { DescFile } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { errorDetails, reflectionV1, reflectionV1alpha } from '@portcullis/api';
import { DescriptorIndex, encodeFiles } from './descriptor-index.js';
import { type Registration, serviceOf } from './registration.js';

/** What both versions of the protocol ask and answer. */
type Question =
  | { case: 'listServices' | 'fileByFilename' | 'fileContainingSymbol' | 'allExtensionNumbersOfType'; value: string }
  | { case: 'fileContainingExtension'; value: { containingType: string; extensionNumber: number } }
  | { case: undefined };
type Answer =
  | { case: 'listServicesResponse'; value: { service: { name: string }[] } }
  | { case: 'fileDescriptorResponse'; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: 'allExtensionNumbersResponse'; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: 'errorResponse'; value: { errorCode: number; errorMessage: string } };

/**
 * The reflection protocol of gRPC, in the version of today and the one that older clients speak; they differ in nothing but
 * their package. It tells of all services of the server, of itself, and of the details that errors carry.
 */
export function reflectionServices(registrations: readonly Registration[]): Registration[] {
  const services = [
    ...registrations.map(({ service }) => service),
    reflectionV1.ServerReflection,
    reflectionV1alpha.ServerReflection,
  ];
  const names = services.map(({ typeName }) => typeName).sort();
  const index = new DescriptorIndex([...services.map(({ file }) => file), errorDetails.file_google_rpc_error_details]);
  const answer = (question: Question) => answerOf(question, names, index);
  return [
    serviceOf(reflectionV1.ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) {
          const messageResponse = answer(request.messageRequest);
          yield { validHost: request.host, originalRequest: request, messageResponse };
        }
      },
    }),
    serviceOf(reflectionV1alpha.ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) {
          const messageResponse = answer(request.messageRequest);
          yield { validHost: request.host, originalRequest: request, messageResponse };
        }
      },
    }),
  ];
}

function answerOf(question: Question, names: readonly string[], index: DescriptorIndex): Answer {
  switch (question.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: names.map((name) => ({ name })) } };
    case 'fileByFilename':
      return fileAnswer(index.fileByName(question.value), `file ${question.value}`);
    case 'fileContainingSymbol':
      return fileAnswer(index.fileOfSymbol(question.value), `symbol ${question.value}`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = question.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return fileAnswer(file, `extension ${extensionNumber} of ${containingType}`);
    }
    case 'allExtensionNumbersOfType': {
      const extensionNumber = index.extensionNumbers(question.value);
      if (extensionNumber === undefined) return errorAnswer(Code.NotFound, `there is no message ${question.value}`);
      return { case: 'allExtensionNumbersResponse', value: { baseTypeName: question.value, extensionNumber } };
    }
    case undefined:
      return errorAnswer(Code.InvalidArgument, 'the request asks nothing that this server knows of');
  }
}

function fileAnswer(file: DescFile | undefined, sought: string): Answer {
  if (file === undefined) return errorAnswer(Code.NotFound, `there is no ${sought}`);
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: encodeFiles(file) } };
}

function errorAnswer(errorCode: Code, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
