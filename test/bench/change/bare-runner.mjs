// Runs in a host's namespace and does there by hand what an enforcer does: one process of iptables-restore or ipset per
// batch. Reads one JSON array of [program, args, input] per line; answers the milliseconds it took, or what went wrong.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

function runOnce([program, args, input]) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${errors}`))));
    child.stdin.end(input);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const startedAt = performance.now();
  try {
    for (const batch of JSON.parse(line)) await runOnce(batch);
    process.stdout.write(`${performance.now() - startedAt}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify(error.message)}\n`);
  }
}
