import { type DescFile, type DescMessage, toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** Proto files and what they import, to be found by name, by the symbols they define and by the extensions they declare. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #messages = new Set<string>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();

  constructor(files: readonly DescFile[]) {
    for (const file of files) this.#add(file);
  }

  fileByName(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** `symbol` is the full name of a message, field, oneof, enum, enum value, extension, service or method. */
  fileOfSymbol(symbol: string): DescFile | undefined {
    return this.#symbols.get(symbol);
  }

  fileOfExtension(message: string, number: number): DescFile | undefined {
    return this.#extensions.get(message)?.get(number);
  }

  /** Undefined for a message that is not here. */
  extensionNumbers(message: string): number[] | undefined {
    if (!this.#messages.has(message)) return undefined;
    return [...(this.#extensions.get(message)?.keys() ?? [])].sort((a, b) => a - b);
  }

  #add(file: DescFile): void {
    // protobuf-es names files without their ending; imports, and who asks, use the whole name.
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const dependency of file.dependencies) this.#add(dependency);
    for (const service of file.services) {
      this.#symbols.set(service.typeName, file);
      for (const { name } of service.methods) this.#symbols.set(`${service.typeName}.${name}`, file);
    }
    for (const desc of nestedTypes(file)) {
      this.#symbols.set(desc.typeName, file);
      if (desc.kind === 'message') this.#addMembers(desc, file);
      if (desc.kind === 'enum') {
        // The values of an enum live beside it; grpcurl asks for them as if they were in it.
        const scope = desc.typeName.slice(0, desc.typeName.length - desc.name.length);
        for (const { name } of desc.values) {
          this.#symbols.set(`${scope}${name}`, file).set(`${desc.typeName}.${name}`, file);
        }
      }
      if (desc.kind === 'extension') {
        const numbers = this.#extensions.get(desc.extendee.typeName) ?? new Map<number, DescFile>();
        this.#extensions.set(desc.extendee.typeName, numbers.set(desc.number, file));
      }
    }
  }

  #addMembers(message: DescMessage, file: DescFile): void {
    this.#messages.add(message.typeName);
    for (const { name } of [...message.fields, ...message.oneofs])
      this.#symbols.set(`${message.typeName}.${name}`, file);
  }
}

/** A file and everything it imports, directly or not, as binary FileDescriptorProto; the file itself comes first. */
export function encodeFiles(file: DescFile): Uint8Array[] {
  const files = new Set<DescFile>();
  const add = (each: DescFile) => {
    if (files.has(each)) return;
    files.add(each);
    for (const dependency of each.dependencies) add(dependency);
  };
  add(file);
  return [...files].map((each) => toBinary(FileDescriptorProtoSchema, each.proto));
}
