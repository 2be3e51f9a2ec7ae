import path from 'node:path';
import { binFolder } from './folders.js';
import { runTool } from './run-tool.js';

/** `go install` of a program at a pinned version, unless it is there: `example.org/tool/cmd/name@v1.2.3`. */
export async function goInstall(program: string): Promise<void> {
  const [from = '', version = ''] = program.split('@');
  const built = await runTool(['go', 'version', '-m', path.join(binFolder, path.basename(from))]).catch(() => '');
  const isThere = built.split('\n').some((line) => {
    const [kind, module = '', moduleVersion] = line.trim().split('\t');
    return kind === 'mod' && from.startsWith(module) && moduleVersion === version;
  });
  if (!isThere) await runTool(['go', 'install', program], { env: { GOBIN: binFolder } });
}
