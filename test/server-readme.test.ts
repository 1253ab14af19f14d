import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { Service } from './support/service.js';

// What examples/server/README.md says: its commands are run, and so is its measurement, for a moment.

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string): string => readFileSync(join(ROOT, 'examples/server', name), 'utf8');

const hasCurl = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'curl')));
const withCurl = hasCurl ? test : test.skip;

withCurl(`the walk with curl${hasCurl ? '' : ' (skipped: there is no curl)'}`, async (t) => {
  const service = await Service.start();
  const folder = mkdtempSync(join(tmpdir(), 'mgp-walk-'));
  try {
    symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'));
    const [, walk] = /```sh\n([^]*?)```/.exec(read('README.md')) ?? [];
    const script = walk
      .replace('url=http://127.0.0.1:8080', `url=${service.url}`)
      .replaceAll('curl ', 'curl -sS ');
    const { stdout } = await run('bash', ['-euc', script], { cwd: folder });
    t.regex(stdout, /event: state\ndata: \{"state":"done"\}/);
    t.regex(stdout, /"error":"the job is done: there is nothing to abort"/);
    const [, rent] = /"predictions":\[\{"value":([\d.]+)\}\]/.exec(stdout) ?? [];
    t.true(Number(rent) > 600 && Number(rent) < 1200, stdout.slice(-500));
    t.true(statSync(join(folder, 'model.safetensors')).size > 5000);

    // The answer to a wrong request is the one that the text shows.
    const [, job] = /"id":"([^"]+)","dataset"/.exec(stdout) ?? [];
    const row = { size: 60, rooms: 2, floor: 3, age: 20, district: 'moon', heating: 'gas', balcony: 'no' };
    const answer = await service.fetch(`/models/${job}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [row] }),
    });
    t.true(read('README.md').includes(`\`${await answer.text()}\``));
  } finally {
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what is said of settings is so', (t) => {
  const readme = read('README.md');
  const variables = read('settings.js').match(/\b(MGP_\w+|PORT|HOST|LOG_LEVEL)\b/g) ?? [];
  for (const name of new Set(variables)) t.true(readme.includes(`\`${name}\``), name);
});

test('the measurement under load', async (t) => {
  const program = join(ROOT, 'examples/server/load.js');
  const { stdout } = await run(process.execPath, [program, '--rate', '50', '--seconds', '1']);
  t.regex(stdout, /^50 predictions, 50 each second, all answered\ntraining meanwhile: \d+ steps/);
  t.regex(stdout, /took: p50 \d+\.\d+ ms, p90 .* p99 /);
});
